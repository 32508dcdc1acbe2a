/** Whether an island is heard, as word, shape and age. Silence is never called death. */
import type { IslandRow } from '../../view/island.ts';
import { Icon } from './shapes.tsx';
import { State } from './state.tsx';
import { Age } from './time.tsx';

export function Reachable({ island: { reachable, heardAt, state } }: { island: IslandRow }) {
  if (state === 'NotJoined') return <span class="faint">no cluster has joined</span>;
  const heard = reachable === 'True';
  return (
    <span class={`state ${heard ? 'soft' : 'tone-watch'}`}>
      <Icon shape={heard ? 'check' : 'question'} />
      <span>
        {heard ? 'heard ' : 'silent, heard '}
        <Age at={heardAt} />
      </span>
    </span>
  );
}

/** The state with what an administrator decided about it. */
export function IslandState({ island: { state, cordoned, draining, approved } }: { island: IslandRow }) {
  const decided = [draining ? 'draining' : cordoned ? 'cordoned' : undefined, approved ? undefined : 'not approved'].filter(
    (word) => word !== undefined,
  );
  return (
    <>
      <State state={state} />
      {decided.length > 0 && (
        <span class="state tone-wait decided">
          <Icon shape="pause" />
          {decided.join(', ')}
        </span>
      )}
    </>
  );
}
