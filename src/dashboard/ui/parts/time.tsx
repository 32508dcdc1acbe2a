/** Instants: the age is read, the timestamp is one hover away, and both are in the document for programs. */
import { now } from '../now.ts';
import { zone } from '../preferences.ts';
import { ago, duration, instant, timestamp } from '../words/time.ts';

export function Age({ at }: { at: string | number | undefined }) {
  if (at === undefined) return <span class="faint">never</span>;
  return (
    <time dateTime={new Date(instant(at)).toISOString()} title={timestamp(at, zone.value)}>
      {ago(at, now.value)}
    </time>
  );
}

/** Date and time in the chosen zone. */
export function Stamp({ at }: { at: string | number }) {
  return (
    <time class="number" dateTime={new Date(instant(at)).toISOString()} title={ago(at, now.value)}>
      {timestamp(at, zone.value)}
    </time>
  );
}

/** From one instant to another, or until now. */
export function Span({ from, to }: { from: string; to?: string | undefined }) {
  return <span class="number">{duration((to === undefined ? now.value : instant(to)) - instant(from))}</span>;
}
