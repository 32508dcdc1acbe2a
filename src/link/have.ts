/** What islands hold, as the hub remembers it: told in pages once, afterwards only confirmed by its digest. */
import { haveDigest } from './digest.ts';
import type { HaveEntry, SyncRequest } from './messages.ts';

/** More than this of one island is not remembered; ten times what any island is meant to hold. */
export const mostHeld = 65_536;

export interface Holdings {
  /** Everything that the island holds now; undefined while it is not known. */
  entries: readonly HaveEntry[] | undefined;
  /** What to ask for, so that it becomes known. */
  need: { after?: string } | undefined;
}

export interface HoldingsMemory {
  /** Takes in what a request says. */
  hear(request: Pick<SyncRequest, 'digest' | 'have'>): Holdings;
}

/** The memory of one island. Pages of another digest than the last request's are of no use and begin anew. */
export function createHoldingsMemory(): HoldingsMemory {
  let known: { digest: string; entries: readonly HaveEntry[] } | undefined;
  let draft: { digest: string; entries: HaveEntry[] } | undefined;

  return {
    hear({ digest, have }) {
      if (have && known?.digest !== digest) {
        if (have.after === undefined) draft = { digest, entries: [] };
        const last = draft?.entries.at(-1)?.[0];
        // A page that does not follow the one before it belongs to another telling.
        if (draft?.digest !== digest || last !== have.after || draft.entries.length + have.entries.length > mostHeld)
          draft = undefined;
        else {
          draft.entries.push(...have.entries);
          if (!have.more) {
            // What was told counts even when the digest is wrong; it is then asked for again with the next request.
            known = { digest: haveDigest(draft.entries), entries: draft.entries };
            draft = undefined;
            return { entries: known.entries, need: undefined };
          }
        }
      }
      if (known?.digest === digest) return { entries: known.entries, need: undefined };
      const after = draft?.digest === digest ? draft.entries.at(-1)?.[0] : undefined;
      return { entries: undefined, need: after === undefined ? {} : { after } };
    },
  };
}

/** The page of an island's entries (sorted by uid) that comes after `after`. */
export function pageAfter(
  entries: readonly HaveEntry[],
  after: string | undefined,
  take: (rest: readonly HaveEntry[]) => HaveEntry[],
) {
  const rest = after === undefined ? entries : entries.filter(([uid]) => uid > after);
  const page = take(rest);
  return { entries: page, ...(after === undefined ? {} : { after }), more: page.length < rest.length };
}
