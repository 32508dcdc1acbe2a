/** The island's end of the link: asks the hub what it is to hold, says what became of it, and lives for any time without an answer. */
import type { Capacity } from '../api/computeisland.ts';
import { IslandJobKind } from '../api/islandjob.ts';
import type { AdmitJob, ReadLogs } from '../api/islandreport.ts';
import type { Progress } from '../api/work.ts';
import type { Clock, Random } from '../clock.ts';
import { link } from '../kube/abort.ts';
import { messageOf } from '../kube/errors.ts';
import type { EventRecorder } from '../kube/events.ts';
import type { Manager } from '../kube/manager.ts';
import { specChanged } from '../kube/sources.ts';
import type { KubeClient, Log } from '../kube/types.ts';
import { answerLogs } from './logs-island.ts';
import type { LinkMetrics } from './metrics.ts';
import { createMirrors } from './mirrors.ts';
import { createProgressSender } from './progress-sender.ts';
import { islandSubjects } from './subjects.ts';
import { createSync } from './sync.ts';
import { type IncomingMessage, LinkError, type LinkTransport } from './transport.ts';

export interface IslandLinkOptions {
  /** Name of the ComputeIsland at the hub. */
  island: string;
  client: KubeClient;
  manager: Pick<Manager, 'informer'>;
  clock: Clock;
  random: Random;
  log: Log;
  metrics?: LinkMetrics | undefined;
  transport: LinkTransport;
  /** Start of every subject. */
  prefix: string;
  events: Pick<EventRecorder, 'normal' | 'warning'>;
  /** Version of this program, and of Kubernetes of this cluster. */
  agent: { version: string; kubernetes: string };
  /** uid of the namespace kube-system of this cluster. */
  clusterUid: string;
  /** Unique per process start. */
  instance: string;
  /** Needed until the cluster has joined. */
  joinToken?: string | undefined;
  capacity: () => Capacity;
  labels?: () => Record<string, string>;
  admit: AdmitJob;
  /** Live progress by the uid of the mirror. */
  progress: () => Iterable<readonly [string, Progress]>;
  readLogs: ReadLogs;
}

export interface IslandLink {
  /** Must be started only while this process holds the island's lease; resolves when its signal is aborted. */
  run(signal: AbortSignal): Promise<void>;
  /** By this clock, when the hub answered last; undefined before. */
  readonly heardAt: number | undefined;
  /** Why the hub refuses this island, while it does. */
  readonly refused: { reason: string; message: string } | undefined;
}

const tickMs = 5_000;
/** While nobody answers: a hub that comes back is to be heard soon. */
const failedTickMs = 2_000;
/** Gathers what one reconcile changes. */
const gatherMs = 20;

export function createIslandLink(options: IslandLinkOptions): IslandLink {
  const { manager, clock, random, log, metrics, transport, prefix, island } = options;
  const informer = manager.informer(IslandJobKind);
  const mirrors = createMirrors({ informer, clock });
  const sync = createSync({ ...options, mirrors });
  const subjects = islandSubjects(prefix, island);

  /** What there is to look at before the next tick. */
  let wanted: 'sync' | 'look' | undefined;
  let wake: () => void = () => {};
  const want = (what: 'sync' | 'look') => {
    if (wanted !== 'sync') wanted = what;
    wake();
  };
  informer.onChange((change) => {
    const newStatus = change.type === 'update' && change.object.status?.revision !== change.old.status?.revision;
    if (newStatus || specChanged(change)) want('look');
  });
  transport.onConnect(() => want('sync'));
  /** The hub's process that greeted last, and how to give up the request that is under way. */
  let greeted = '';
  let giveUp: () => void = () => {};
  const onPoke = ({ data }: IncomingMessage) => {
    const hub = new TextDecoder().decode(data);
    want('sync');
    if (hub === '' || hub === greeted) return;
    greeted = hub;
    giveUp();
  };

  const pause = (ms: number, signal: AbortSignal) =>
    new Promise<void>((resolve) => {
      const end = () => {
        stop();
        signal.removeEventListener('abort', end);
        resolve();
      };
      const stop = clock.timer(ms * (0.9 + 0.2 * random.next()), () => {
        wanted = 'sync';
        end();
      });
      wake = end;
      signal.addEventListener('abort', end, { once: true });
      if (wanted !== undefined || signal.aborted) end();
    });

  async function loop(signal: AbortSignal): Promise<void> {
    let told: string | undefined;
    while (!signal.aborted) {
      // Something may be waiting already, and more of it will come in a moment.
      await clock.sleep(gatherMs, signal).catch(() => undefined);
      if (signal.aborted) return;
      const only = wanted === 'look';
      wanted = undefined;
      let failure: string | undefined;
      const attempt = link(signal);
      giveUp = () => attempt.abort(new LinkError('Disconnected', 'another process of the hub answers now'));
      try {
        if (!only || sync.hasNews()) {
          const began = clock.now();
          const outcome = await sync.once(attempt.signal);
          metrics?.syncSeconds.observe((clock.now() - began) / 1000);
          metrics?.syncs.inc({ outcome: outcome === 'refused' ? 'refused' : 'answered' });
          if (outcome === 'again') want('sync');
        }
      } catch (error) {
        if (signal.aborted) return;
        metrics?.syncs.inc({ outcome: 'failed' });
        failure = messageOf(error);
      } finally {
        attempt.unlink();
      }
      if (failure !== told) {
        if (failure === undefined) log.info({ island }, 'the hub answers again');
        else log.warn({ island, error: failure }, 'cannot sync with the hub; what runs here goes on');
      }
      told = failure;
      await pause(failure === undefined ? tickMs : failedTickMs, signal);
    }
  }

  return {
    async run(signal) {
      const linked = link(signal);
      const progress = createProgressSender({ ...options, mirrors });
      try {
        wanted = 'sync';
        await Promise.all([
          transport.subscribe(subjects.poke, onPoke, linked.signal),
          answerLogs(options, linked.signal),
          progress.run(linked.signal),
          loop(linked.signal),
        ]);
      } catch (error) {
        if (!signal.aborted) throw error;
      } finally {
        linked.abort(new Error('the link ends'));
        linked.unlink();
      }
    },
    get heardAt() {
      return sync.heardAt;
    },
    get refused() {
      return sync.refused;
    },
  };
}
