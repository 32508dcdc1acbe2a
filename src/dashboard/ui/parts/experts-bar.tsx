/** Experts by state as a bar of pieces with its words. */
import type { RunRow } from '../../view/run.ts';

export function ExpertsBar({ experts: { total, accepted, running, blocked } }: { experts: RunRow['experts'] }) {
  const waiting = Math.max(0, total - accepted - running - blocked);
  const pieces = [
    [accepted, 'good', 'accepted'],
    [running, 'work', 'running'],
    [blocked, 'bad', 'blocked'],
    [waiting, 'quiet', 'waiting'],
  ] as const;
  const words = pieces.filter(([number]) => number > 0).map(([number, , word]) => `${number} ${word}`);
  return (
    <span class="pieces" title={words.join(', ')}>
      <span class="pieces-track" aria-hidden="true">
        {pieces.map(
          ([number, tone]) => number > 0 && <span key={tone} class={`piece piece-${tone}`} style={{ flexGrow: number }} />,
        )}
      </span>
      <span class="number">
        {accepted}/{total}
        <span class="hidden"> experts: {words.join(', ')}</span>
      </span>
    </span>
  );
}
