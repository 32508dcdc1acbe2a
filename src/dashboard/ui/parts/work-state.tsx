/** The state of a work; of one on an island that is not heard it is only what it was last. */
import type { WorkRow } from '../../view/work.ts';
import { inWords } from '../words/states.ts';
import { Icon } from './shapes.tsx';
import { State } from './state.tsx';

export function WorkState({ row: { state, silentSince } }: { row: WorkRow }) {
  if (silentSince === undefined || state === 'Accepted' || state === 'Blocked') return <State state={state} />;
  return (
    <span class="state tone-watch">
      <Icon shape="question" />
      Last seen {inWords(state)}
    </span>
  );
}
