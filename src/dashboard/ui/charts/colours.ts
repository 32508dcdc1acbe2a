/** The stylesheet's colours for drawings on a canvas, which cannot read them by itself. */
import { effect, signal } from '@preact/signals';
import { theme } from '../preferences.ts';

export type Ink = 'ink' | 'soft' | 'faint' | 'line' | 'accent' | 'bad' | 'wash';

/** Changes whenever the colours have. */
export const colouring = signal(0);

const probes = new Map<Ink, HTMLElement>();
const known = new Map<Ink, string>();

/** The colour as the browser resolved it for the present theme. */
export function colour(ink: Ink): string {
  const found = known.get(ink);
  if (found !== undefined) return found;
  let probe = probes.get(ink);
  if (probe === undefined) {
    probe = document.createElement('span');
    probe.className = `probe probe-${ink}`;
    probe.hidden = true;
    document.body.append(probe);
    probes.set(ink, probe);
  }
  const value = getComputedStyle(probe).color;
  known.set(ink, value);
  return value;
}

/** Reads the colours anew when theme, system or contrast mode change. */
export function startColours(): void {
  const changed = () => {
    known.clear();
    colouring.value += 1;
  };
  for (const query of ['(prefers-color-scheme: dark)', '(forced-colors: active)'])
    window.matchMedia(query).addEventListener('change', changed);
  let first = true;
  effect(() => {
    void theme.value;
    // The attribute is on the page by the next frame.
    if (!first) requestAnimationFrame(changed);
    first = false;
  });
}
