/** GPUs of an island by state, as a bar of pieces and in words. */
import type { IslandRow } from '../../view/island.ts';
import { count } from '../words/number.ts';

export function gpuSums(gpus: IslandRow['gpus']): { used: number; free: number; unhealthy: number } {
  const sum = (of: (one: IslandRow['gpus'][number]) => number) => gpus.reduce((total, one) => total + of(one), 0);
  return {
    used: sum(({ total, free }) => total - free),
    free: sum(({ free }) => free),
    unhealthy: sum(({ unhealthy }) => unhealthy),
  };
}

export function Gpus({ gpus }: { gpus: IslandRow['gpus'] }) {
  const { used, free, unhealthy } = gpuSums(gpus);
  if (used + free + unhealthy === 0) return <span class="faint">none</span>;
  const pieces = [
    [used, 'work'],
    [free, 'quiet'],
    [unhealthy, 'bad'],
  ] as const;
  return (
    <span class="pieces">
      <span class="pieces-track" aria-hidden="true">
        {pieces.map(
          ([number, tone]) => number > 0 && <span key={tone} class={`piece piece-${tone}`} style={{ flexGrow: number }} />,
        )}
      </span>
      <span class="number small">
        {count(used)} used, {count(free)} free{unhealthy > 0 && <span class="tone-bad">, {count(unhealthy)} unhealthy</span>}
      </span>
    </span>
  );
}
