/** A state as word and shape. */
import { inWords, type Look, lookOf } from '../words/states.ts';
import { Icon } from './shapes.tsx';

/** `look` is for states that mean something else where they stand. */
export function State({ state, look = lookOf(state) }: { state: string; look?: Look }) {
  const words = inWords(state);
  return (
    <span class={`state tone-${look.tone}`}>
      <Icon shape={look.shape} />
      {words.charAt(0).toUpperCase() + words.slice(1)}
    </span>
  );
}
