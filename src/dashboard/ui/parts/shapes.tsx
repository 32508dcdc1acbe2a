/** Small drawings in the colour of their text: one shape for each kind of state, and the mark of the product. */
import type { Shape } from '../words/states.ts';

const paths: Record<Shape, string> = {
  check: 'M2.5 6.5 5 9l4.5-6',
  play: 'M3.5 2 10 6l-6.5 4z',
  ring: 'M6 2a4 4 0 1 0 0 8 4 4 0 0 0 0-8z',
  clock: 'M6 1.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM6 3.5V6l2 1.5',
  pause: 'M4 2.5v7M8 2.5v7',
  triangle: 'M6 1.5 11 10.5H1zM6 5v2.5M6 9v.1',
  cross: 'M2.5 2.5l7 7M9.5 2.5l-7 7',
  question: 'M3.5 4a2.5 2.5 0 1 1 3.6 2.2C6.3 6.6 6 7 6 7.8M6 10v.1',
  square: 'M2.5 2.5h7v7h-7z',
  arrow: 'M1.5 6h9M7 2.5 10.5 6 7 9.5',
};

const filled: readonly Shape[] = ['play', 'square'];

export function Icon({ shape }: { shape: Shape }) {
  return (
    <svg
      class={`icon ${filled.includes(shape) ? 'icon-filled' : ''}`}
      viewBox="0 0 12 12"
      width="12"
      height="12"
      aria-hidden="true"
    >
      <path d={paths[shape]} />
    </svg>
  );
}

/** An atoll from above: islets in a ring around a lagoon. */
export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true">
      <circle cx="12" cy="12" r="8.5" stroke-dasharray="9.5 3.85" />
      <circle class="mark-lagoon" cx="12" cy="12" r="3.25" />
    </svg>
  );
}
