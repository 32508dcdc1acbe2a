/** Whether two versions of Atoll get along, in words. Pure. */

type Parts = [major: number, minor: number, patch: number];

function partsOf(version: string): Parts | undefined {
  const match = /^v?(\d+)\.(\d+)\.(\d+)/.exec(version);
  return match ? [Number(match[1]), Number(match[2]), Number(match[3])] : undefined;
}

/** Negative when `a` is older; undefined when one of them is no version. */
function compare(a: string, b: string): number | undefined {
  const [left, right] = [partsOf(a), partsOf(b)];
  if (!left || !right) return undefined;
  const at = left.findIndex((part, index) => part !== right[index]);
  return at < 0 ? 0 : (left[at] ?? 0) - (right[at] ?? 0);
}

/** A verdict, and what to do. The hub is upgraded first: it speaks the protocol of older islands. */
export function skewOf(part: 'client' | 'island', version: string | undefined, hub: string | undefined): string {
  if (version === undefined || hub === undefined) return 'not known';
  const order = compare(version, hub);
  if (order === undefined) return version === hub ? 'same as the hub' : `differs from the hub (${hub})`;
  if (order === 0) return 'same as the hub';
  const what = order < 0 ? 'older than the hub' : 'newer than the hub';
  if (part === 'client') return `${what}: use the CLI of version ${hub}`;
  return order < 0 ? `${what}: upgrade this island` : `${what}: upgrade the hub`;
}
