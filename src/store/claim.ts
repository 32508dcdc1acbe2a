/** The claim that makes one pod the only one to run an attempt: a create-only object naming the pod. */
import { z } from 'zod';
import { canonicalJson } from '../api/manifest.ts';
import { AttemptTakenError, PreconditionFailedError, StoreRefusedError, StoreUnavailableError } from './errors.ts';
import type { ObjectStore } from './object-store.ts';

const claim = z.object({ podUid: z.string(), pod: z.string(), node: z.string(), at: z.string() });

export type Claim = z.infer<typeof claim>;

const MAX_CLAIM_BYTES = 4096;

/**
 * Claims the key for this pod; claiming it again changes nothing. Throws `AttemptTakenError` when another pod was first, and
 * `StoreRefusedError` when the store ignores create-only writes: then no claim and no manifest would be worth anything.
 */
export async function claimAttempt(store: ObjectStore, key: string, mine: Claim, signal?: AbortSignal): Promise<void> {
  const abort = signal === undefined ? {} : { signal };
  const create = () => store.put(key, canonicalJson(mine), { ifNoneMatch: '*', contentType: 'application/json', ...abort });
  try {
    await create();
    // Now that it exists the same write has to fail.
    await create();
  } catch (error) {
    // Whether a write without an answer happened, only a read can tell.
    if (!(error instanceof PreconditionFailedError) && !(error instanceof StoreUnavailableError)) throw error;
    const holder = await readClaim(store, key, abort);
    if (holder === undefined) throw error;
    if (holder.podUid !== mine.podUid) throw new AttemptTakenError(key, `pod ${holder.pod} (${holder.podUid}) on ${holder.node}`);
    return;
  }
  throw new StoreRefusedError(
    'claim',
    key,
    'NotConditional',
    'it took the same create-only write twice; use a store that honours If-None-Match',
  );
}

async function readClaim(store: ObjectStore, key: string, abort: { signal?: AbortSignal }): Promise<Claim | undefined> {
  const bytes = await store.get(key, { maxBytes: MAX_CLAIM_BYTES, ...abort });
  if (bytes === undefined) return undefined;
  try {
    return claim.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch (cause) {
    throw new AttemptTakenError(key, 'something that writes no claims', { cause });
  }
}
