/** Whether a store does what Atoll stands on; real stores differ, and some answer 200 to every one of many racing create-only writes. */
import type { Random } from '../clock.ts';
import { ConflictError, PreconditionFailedError } from './errors.ts';
import type { ObjectStore } from './object-store.ts';

const RACERS = 64;
const MAX_BYTES = 1024;

export interface ProbeResult {
  ok: boolean;
  /** What the store does not do, in words for whoever set it up; empty when it is all right. */
  missing: string[];
}

/** A store that can be probed: it can also write in parts without going through a file. */
export interface ProbedStore extends ObjectStore {
  /** Writes one object as a multipart upload of one part, create-only. */
  putInParts(key: string, body: Uint8Array): Promise<void>;
}

/** Writes a few small objects below `prefix` and removes them again. Throws only when the store cannot be reached or refuses outright. */
export async function probe(store: ProbedStore, prefix: string, random: Random): Promise<ProbeResult> {
  const folder = `${prefix}.probe-${random.hex(8)}/`;
  const missing: string[] = [];
  try {
    await race(
      store,
      `${folder}race`,
      'conditional writes (If-None-Match: *)',
      (key, body) => store.put(key, body, { ifNoneMatch: '*' }),
      missing,
    );
    await race(
      store,
      `${folder}parts`,
      'conditional multipart uploads (If-None-Match: * on completion)',
      (key, body) => store.putInParts(key, body),
      missing,
    );
    await readBack(store, folder, missing);
  } finally {
    for (const name of ['race', 'parts', 'read']) await store.delete(`${folder}${name}`).catch(() => undefined);
  }
  return { ok: missing.length === 0, missing };
}

/** Many writers of one new key, each with its own bytes: exactly one may win, and its bytes must be the ones that stay. */
async function race(
  store: ObjectStore,
  key: string,
  what: string,
  write: (key: string, body: Uint8Array) => Promise<void>,
  missing: string[],
): Promise<void> {
  const outcomes = await Promise.all(
    Array.from({ length: RACERS }, async (_, racer) => {
      try {
        await write(key, new TextEncoder().encode(`racer ${racer}`));
        return `racer ${racer}`;
      } catch (error) {
        if (error instanceof PreconditionFailedError || error instanceof ConflictError) return undefined;
        throw error;
      }
    }),
  );
  const winners = outcomes.filter((outcome) => outcome !== undefined);
  if (winners.length !== 1) {
    missing.push(
      `${what}: ${winners.length} of ${RACERS} racing writers of one key were told that they created it, exactly one may be`,
    );
    return;
  }
  const found = await store.get(key, { maxBytes: MAX_BYTES });
  const text = found === undefined ? 'nothing' : new TextDecoder().decode(found);
  if (text !== winners[0]) missing.push(`${what}: the key holds ${text}, although ${winners[0]} was told that it created it`);
}

/** What was written is seen at once by a read, a look-up and a listing; what was deleted is gone at once. */
async function readBack(store: ObjectStore, folder: string, missing: string[]): Promise<void> {
  const key = `${folder}read`;
  await store.put(key, 'seen', { ifNoneMatch: '*' });
  const found = await store.get(key, { maxBytes: MAX_BYTES });
  if (found === undefined || new TextDecoder().decode(found) !== 'seen')
    missing.push('read after write: a new object does not read back');
  if ((await store.head(key))?.size !== 4) missing.push('look-up after write: HEAD of a new object does not give its size');
  const keys: string[] = [];
  for await (const object of store.list(folder)) keys.push(object.key);
  if (!keys.includes(key)) missing.push('list after write: a new object is not listed');
  await store.delete(key);
  if ((await store.head(key)) !== undefined) missing.push('delete: a deleted object is still there');
}
