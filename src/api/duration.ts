/** Durations as people write them in Go and Kubernetes (`90s`, `1h30m`), turned into milliseconds. */

/** Hours, minutes, seconds, milliseconds, each at most once and in this order. */
export const durationPattern = /^([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,6}s)?([0-9]{1,6}ms)?$/;

/** Milliseconds of a duration such as `10s`, `1h30m` or `500ms`. Throws on anything else. */
export function parseDuration(text: string): number {
  const match = text === '' ? null : durationPattern.exec(text);
  if (match === null)
    throw new Error(`cannot read the duration "${text}": write hours, minutes, seconds, such as 90s, 10m or 1h30m`);
  const part = (index: number, unit: string) => Number(match[index]?.slice(0, -unit.length) ?? 0);
  return ((part(1, 'h') * 60 + part(2, 'm')) * 60 + part(3, 's')) * 1000 + part(4, 'ms');
}

/** The shortest text of whole seconds for people: `45s`, `2m`, `1h5m`, `3d4h`. Not a Kubernetes duration. */
export function displayDuration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes}m`;
  if (minutes < 48 * 60) return minutes % 60 === 0 ? `${minutes / 60}h` : `${Math.floor(minutes / 60)}h${minutes % 60}m`;
  const hours = Math.round(minutes / 60);
  return hours % 24 === 0 ? `${hours / 24}d` : `${Math.floor(hours / 24)}d${hours % 24}h`;
}

/** Milliseconds of what `displayDuration` wrote, to its precision; undefined for any other text. */
export function readDisplayed(text: string): number | undefined {
  const parts = /^(?:([0-9]+)d)?(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s)?$/.exec(text)?.slice(1);
  if (!parts || text === '') return undefined;
  const [days, hours, minutes, seconds] = parts.map((part) => Number(part ?? 0)) as [number, number, number, number];
  return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000;
}
