/** Instants and durations as people read them. Everything takes milliseconds or RFC 3339 and `now`: nothing here looks at a clock. */

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** A duration in its two largest units, such as `3 d 4 h`, `12 min`, `8 s`; below a second `0 s`. */
export function duration(ms: number): string {
  const whole = Math.max(0, ms);
  if (whole < minute) return `${Math.floor(whole / second)} s`;
  if (whole < 10 * minute) return join(whole, minute, 'min', second, 's');
  if (whole < hour) return `${Math.floor(whole / minute)} min`;
  if (whole < day) return join(whole, hour, 'h', minute, 'min');
  return join(whole, day, 'd', hour, 'h');
}

function join(ms: number, large: number, largeName: string, small: number, smallName: string): string {
  const rest = Math.floor((ms % large) / small);
  return `${Math.floor(ms / large)} ${largeName}${rest > 0 ? ` ${rest} ${smallName}` : ''}`;
}

/** How long ago something was, such as `4 min ago`; an instant in the future counts as just now. */
export function ago(at: string | number, now: number): string {
  const ms = now - instant(at);
  return ms < 2 * second ? 'just now' : `${duration(ms)} ago`;
}

/** Milliseconds since 1970 of an RFC 3339 text. */
export function instant(at: string | number): number {
  return typeof at === 'number' ? at : Date.parse(at);
}

export type Zone = 'UTC' | 'local';

/** Date and time to the second, such as `2026-03-01 14:02:11 UTC`. */
export function timestamp(at: string | number, zone: Zone): string {
  const date = new Date(instant(at));
  if (Number.isNaN(date.getTime())) return 'unknown';
  const parts = new Intl.DateTimeFormat('en-GB', {
    ...(zone === 'UTC' ? { timeZone: 'UTC' } : {}),
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
    timeZoneName: 'short',
  }).formatToParts(date);
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.find((one) => one.type === type)?.value ?? '';
  return `${part('year')}-${part('month')}-${part('day')} ${part('hour')}:${part('minute')}:${part('second')} ${part('timeZoneName')}`;
}
