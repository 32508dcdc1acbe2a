/** Stores the statuses that islands send in the hub's API server: compare-and-set, a few at once, and acknowledged only then. */
import { type IslandJob, IslandJobKind, type IslandJobStatus } from '../api/islandjob.ts';
import { fieldManagers } from '../api/labels.ts';
import { ApiError, messageOf } from '../kube/errors.ts';
import { type KubeClient, keyOf, type Log } from '../kube/types.ts';
import { judgeStatus, standingOf } from './answer.ts';
import type { SentStatus, Standing } from './messages.ts';
import type { LinkMetrics } from './metrics.ts';

const atOnce = 4;
const tries = 3;

export interface Stored {
  ack: [uid: string, revision: number][];
  ahead: (Standing & { uid: string })[];
  unstored: [uid: string, revision: number, message: string][];
}

export interface StatusStoreOptions {
  client: KubeClient;
  log: Log;
  metrics?: LinkMetrics | undefined;
}

/** `signal` ends it between two writes; what was not reached is not acknowledged, and comes again. */
export async function storeStatuses(
  sent: readonly { job: IslandJob; status: SentStatus['status'] }[],
  options: StatusStoreOptions,
  signal: AbortSignal,
): Promise<Stored> {
  const { client, log, metrics } = options;
  const result: Stored = { ack: [], ahead: [], unstored: [] };
  const queue = sent.toReversed();

  async function one({ job, status }: (typeof queue)[number]): Promise<void> {
    const uid = job.metadata.uid ?? '';
    let seen: IslandJob | undefined = job;
    for (let attempt = 0; attempt < tries && seen?.metadata.uid === uid; attempt++) {
      const verdict = judgeStatus(seen.status, status);
      if (verdict !== 'store') {
        metrics?.statuses.inc({ outcome: verdict });
        if (verdict === 'known') result.ack.push([uid, status.revision]);
        else if (seen.status) result.ahead.push({ uid, ...standingOf(seen.status) });
        return;
      }
      try {
        await write(seen, status);
        metrics?.statuses.inc({ outcome: 'stored' });
        result.ack.push([uid, status.revision]);
        return;
      } catch (error) {
        if (!(error instanceof ApiError && (error.isConflict || error.isNotFound))) throw error;
      }
      // Our view was old: judge again by what is there now.
      seen = await client.get(IslandJobKind, keyOf(job), { signal });
    }
  }

  async function write({ metadata }: IslandJob, status: SentStatus['status']): Promise<void> {
    const { name, namespace, uid = '', resourceVersion = '' } = metadata;
    const target = { name, ...(namespace === undefined ? {} : { namespace }), uid, resourceVersion };
    // The API server checks it against the schema of the kind, which a message of another version may not meet.
    const body = { metadata: target, status: status as unknown as IslandJobStatus };
    await client.applyStatus(IslandJobKind, body, { fieldManager: fieldManagers.island, force: true, signal });
  }

  async function work(): Promise<void> {
    for (let next = queue.pop(); next !== undefined && !signal.aborted; next = queue.pop()) {
      try {
        await one(next);
      } catch (error) {
        if (signal.aborted) return;
        const { namespace, name, uid = '' } = next.job.metadata;
        const refused = error instanceof ApiError && (error.isInvalid || error.status === 400 || error.isForbidden);
        metrics?.statuses.inc({ outcome: refused ? 'refused' : 'failed' });
        log.error({ namespace, job: name, error: messageOf(error) }, 'cannot store the status that an island sent');
        if (refused) result.unstored.push([uid, next.status.revision, messageOf(error).slice(0, 1024)]);
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, queue.length) }, work));
  return result;
}
