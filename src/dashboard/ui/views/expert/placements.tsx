/** Where a work was placed, and what came of it. */
import type { PlacementView } from '../../../view/work.ts';
import { State } from '../../parts/state.tsx';
import { Age } from '../../parts/time.tsx';
import { pathOf } from '../../route.ts';

export function Placements({ placements }: { placements: readonly PlacementView[] }) {
  if (placements.length === 0) return <p class="faint">None yet.</p>;
  return (
    <div class="sheet scroll" tabIndex={0} role="group" aria-label="Placements">
      <table class="plain">
        <caption class="hidden">Placements</caption>
        <thead>
          <tr>
            <th scope="col" class="right">
              Number
            </th>
            <th scope="col">Island</th>
            <th scope="col">State</th>
            <th scope="col">IslandJob</th>
            <th scope="col">Made</th>
            <th scope="col">Proven stopped</th>
            <th scope="col">Message</th>
          </tr>
        </thead>
        <tbody>
          {placements.map(({ number, island, job, state, reason, message, createdAt, stoppedAt }) => (
            <tr key={number}>
              <td class="right">{number}</td>
              <td>
                <a href={pathOf({ view: 'island', name: island })}>{island}</a>
              </td>
              <td>
                {state === undefined ? <span class="faint">gone</span> : <State state={state} />}
                {reason !== undefined && reason !== state && <span class="small faint"> {reason}</span>}
              </td>
              <td class="mono">{job}</td>
              <td class="nowrap">{createdAt !== undefined && <Age at={createdAt} />}</td>
              <td class="nowrap">{stoppedAt === undefined ? 'no' : <Age at={stoppedAt} />}</td>
              <td class="wrap">{message}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
