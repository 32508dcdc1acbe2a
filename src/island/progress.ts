/** Keeps the newest report of every running courier in memory, by asking each of them every few seconds. */
import type { CourierReport, DeletionPermit } from '../api/courier.ts';
import { containerNames, courierPort } from '../api/courier.ts';
import { labels } from '../api/labels.ts';
import type { Clock } from '../clock.ts';
import type { Pod } from '../kube/core.ts';
import type { Log, ObjectKey } from '../kube/types.ts';
import { attemptOf, indexOf } from './jobview.ts';
import { container } from './podview.ts';
import { type FetchReport, readReport } from './report.ts';
import type { IslandSettings } from './settings.ts';
import { defaultPollIntervalMs } from './settings.ts';
import { attemptToken } from './token.ts';

export interface LiveReport {
  readonly islandJob: ObjectKey;
  readonly attempt: number;
  readonly podUid: string;
  readonly report: CourierReport;
  /** When it came, by the agent's clock (ms). */
  readonly seenAt: number;
}

/** Live progress by the IslandJob's uid: newer than any status, lost with the process, and never needed for a decision to be safe. */
export interface LiveProgress {
  get(islandJobUid: string): LiveReport | undefined;
  entries(): Iterable<[string, LiveReport]>;
}

export interface ProgressOptions {
  readonly pods: () => readonly Pod[];
  readonly fetchReport: FetchReport;
  readonly settings: Pick<IslandSettings, 'agentKey' | 'pollIntervalMs' | 'courier'>;
  readonly clock: Clock;
  readonly log: Log;
  /** For how long from now couriers of this IslandJob may delete old checkpoints. */
  readonly mayDelete: (islandJob: ObjectKey) => DeletionPermit;
  /** Called after a report that says something new. */
  readonly onReport: (islandJob: ObjectKey) => void;
}

const AT_ONCE = 16;
const TIMEOUT_MS = 2_000;

interface Target {
  readonly uid: string;
  readonly islandJob: ObjectKey;
  readonly attempt: number;
  readonly podUid: string;
  readonly url: string;
}

export interface ProgressPoller extends LiveProgress {
  /** Resolves only when the signal is aborted. */
  run(signal: AbortSignal): Promise<void>;
  /** One round: asks every courier once. */
  poll(signal: AbortSignal): Promise<void>;
}

export function createProgressPoller(options: ProgressOptions): ProgressPoller {
  const { clock, log, settings } = options;
  const live = new Map<string, LiveReport>();
  const port = settings.courier?.port ?? courierPort;

  function targets(): Target[] {
    return options.pods().flatMap((pod) => {
      const { metadata, status } = pod;
      const uid = metadata.labels?.[labels.islandJobUid];
      const name = metadata.labels?.[labels.islandJob];
      // Of a gang only pod 0 publishes and counts steps.
      if (indexOf(pod) > 0) return [];
      const running = container(pod, containerNames.courier)?.state?.running !== undefined;
      if (!running || uid === undefined || name === undefined || status?.podIP === undefined || metadata.uid === undefined)
        return [];
      const host = status.podIP.includes(':') ? `[${status.podIP}]` : status.podIP;
      const islandJob = metadata.namespace === undefined ? { name } : { namespace: metadata.namespace, name };
      return [{ uid, islandJob, attempt: attemptOf(pod), podUid: metadata.uid, url: `http://${host}:${port}/v1/progress` }];
    });
  }

  async function ask(target: Target, signal: AbortSignal): Promise<void> {
    const timeout = new AbortController();
    const stop = clock.timer(TIMEOUT_MS, () => timeout.abort(new Error(`cannot reach ${target.url} within ${TIMEOUT_MS} ms`)));
    try {
      const token = attemptToken(settings.agentKey, target.uid, target.attempt);
      const report = readReport(
        await options.fetchReport({
          url: target.url,
          token,
          mayDelete: options.mayDelete(target.islandJob),
          signal: AbortSignal.any([signal, timeout.signal]),
        }),
      );
      if (report) keep(target, report);
      else log.warn({ islandJob: target.islandJob, url: target.url }, 'a courier answered with something that is not a report');
    } catch (error) {
      // A courier that does not answer yet, or no more, is no news: what its pod says decides.
      log.debug(
        { islandJob: target.islandJob, error: error instanceof Error ? error.message : String(error) },
        'a courier did not answer',
      );
    } finally {
      stop();
    }
  }

  function keep(target: Target, report: CourierReport): void {
    const { uid, islandJob, attempt, podUid } = target;
    const known = live.get(uid);
    // A pod that lost the claim also answers; the one that trains has the progress.
    if (known && known.podUid !== podUid && known.attempt >= attempt && report.progress === undefined) return;
    live.set(uid, { islandJob, attempt, podUid, report, seenAt: clock.now() });
    if (isNews(known?.attempt === attempt ? known.report : undefined, report)) options.onReport(islandJob);
  }

  async function poll(signal: AbortSignal): Promise<void> {
    const queue = targets();
    const next = async () => {
      for (let target = queue.pop(); target !== undefined && !signal.aborted; target = queue.pop()) await ask(target, signal);
    };
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, queue.length) }, next));
    forget();
  }

  /** What a courier said last is kept while any pod of its IslandJob is there: the conclusion of the attempt may need it. */
  function forget(): void {
    const left = new Set(options.pods().map((pod) => pod.metadata.labels?.[labels.islandJobUid]));
    for (const uid of live.keys()) if (!left.has(uid)) live.delete(uid);
  }

  return {
    get: (uid) => live.get(uid),
    entries: () => live.entries(),
    poll,
    async run(signal) {
      while (!signal.aborted) {
        await poll(signal);
        await clock.sleep(settings.pollIntervalMs ?? defaultPollIntervalMs, signal).catch(() => undefined);
      }
    },
  };
}

/** A further step alone is no news: the interval of the status write brings the controller back by itself. */
function isNews(before: CourierReport | undefined, now: CourierReport): boolean {
  return (
    before === undefined ||
    before.phase !== now.phase ||
    before.checkpoint?.manifest !== now.checkpoint?.manifest ||
    before.final?.manifest !== now.final?.manifest ||
    (before.progress === undefined) !== (now.progress === undefined) ||
    before.nonFiniteStep !== now.nonFiniteStep ||
    before.trouble?.at !== now.trouble?.at
  );
}
