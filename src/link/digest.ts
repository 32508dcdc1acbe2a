/** Digests by which hub and island see that they agree, without sending what they agree about. */
import { createHash } from 'node:crypto';
import { IslandJobKind, type IslandJobSpec } from '../api/islandjob.ts';
import type { HaveEntry } from './messages.ts';

/** SHA-256 over the entries sorted by uid, one JSON text a line, as lower-case hexadecimal. */
export function haveDigest(entries: readonly HaveEntry[]): string {
  const hash = createHash('sha256');
  for (const [uid, revision, live, state, message = ''] of sortedByUid(entries))
    hash.update(`${JSON.stringify([uid, revision, live, state, message])}\n`);
  return hash.digest('hex');
}

export function sortedByUid(entries: readonly HaveEntry[]): HaveEntry[] {
  return entries.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

/** Fields of a spec that may change while it runs. */
export const liveNames: readonly string[] = Object.keys(IslandJobKind.freeze.live);
/** `stop` is one-way, and a hub that forgot it must not fight the island; `revision` is compared by itself. */
const digested = liveNames.filter((field) => field !== 'stop' && field !== 'revision');

/**
 * What of a spec may change while it runs, in 16 hexadecimal digits. An island keeps what the hub said and never calculates it, so
 * that sides of different versions agree.
 */
export function liveDigest(spec: IslandJobSpec): string {
  const known = digests.get(spec);
  if (known !== undefined) return known;
  const live = Object.fromEntries(Object.entries(spec).filter(([field]) => digested.includes(field)));
  const digest = createHash('sha256').update(canonical(live)).digest('hex').slice(0, 16);
  // Objects of a store never change, and are asked about with every sync.
  if (Object.isFrozen(spec)) digests.set(spec, digest);
  return digest;
}

const digests = new WeakMap<object, string>();

/** JSON with the keys of objects in order. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : inner,
  );
}
