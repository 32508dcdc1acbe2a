/** Islands elsewhere, as the hub sees them through a link: what they say, what was handed to them, and wires that are cut. */
import { ComputeIslandKind } from '../../src/api/computeisland.ts';
import { type IslandJob, IslandJobKind } from '../../src/api/islandjob.ts';
import type { RefusedJob } from '../../src/api/islandreport.ts';
import { type Clock, timestamp } from '../../src/clock.ts';
import type { Handover } from '../../src/hub/away.ts';
import { createIslandRegistry, type HubRegistry } from '../../src/hub/index.ts';
import { runningWork } from '../../src/hub/islands.ts';
import type { MemoryApi } from '../kube/memory-client.ts';
import { island } from './builders.ts';

export interface Elsewhere {
  /** Names of islands whose wire is cut: nothing reaches them, nothing comes back. */
  readonly away: Set<string>;
  /** Why an island does not hold a job. */
  refuses: (job: IslandJob) => Pick<RefusedJob, 'reason' | 'message'> | undefined;
  /** What a hub that starts now is given. */
  begin(): { islandRegistry: HubRegistry; link: Handover };
  /** Whether the job reaches its island now; from then on that may hold it. */
  reaches(job: IslandJob): boolean;
  /** Every island that can be heard says what it has. */
  speak(): void;
}

export interface IslandSize {
  name: string;
  gpus?: number;
}

export function createElsewhere(api: MemoryApi, clock: Clock, sizes: readonly IslandSize[]): Elsewhere {
  let registry = createIslandRegistry({ silenceMs: 30_000 });
  let handed = new Set<string>();
  const withheld = new Set<string>();
  const uidOf = ({ metadata }: IslandJob) => metadata.uid ?? '';

  for (const { name } of sizes) {
    const made = island(name);
    const status = { state: 'NotReady', jobs: 0, display: {}, conditions: [], clusterUid: `cluster-${name}` } as const;
    api.put(ComputeIslandKind, { ...made, status: { ...status, conditions: [] } });
  }

  const elsewhere: Elsewhere = {
    away: new Set(),
    refuses: () => undefined,
    begin() {
      registry = createIslandRegistry({ silenceMs: 30_000 });
      // What was there before this hub began may have been handed out by the one before.
      handed = new Set(api.all(IslandJobKind).map(uidOf));
      const mine = handed;
      const link: Handover = {
        mayHold: (job) => mine.has(uidOf(job)),
        withhold: (uid) => void withheld.add(uid),
        poke: () => undefined,
      };
      return { islandRegistry: registry, link };
    },
    reaches(job) {
      if (elsewhere.away.has(job.spec.island) || withheld.has(uidOf(job))) return false;
      handed.add(uidOf(job));
      return job.metadata.deletionTimestamp !== undefined || !elsewhere.refuses(job);
    },
    speak() {
      for (const { name, gpus = 0 } of sizes) {
        if (elsewhere.away.has(name)) continue;
        const jobs = api.all(IslandJobKind).filter(({ spec }) => spec.island === name);
        const used = jobs.reduce((sum, job) => sum + (runningWork(job)?.started ? (runningWork(job)?.gpus ?? 0) : 0), 0);
        const pools = gpus === 0 ? [] : [{ product: 'H100', total: gpus, free: Math.max(0, gpus - used), unhealthy: 0 }];
        const refused = jobs.flatMap((job) => {
          const why = job.metadata.deletionTimestamp === undefined ? elsewhere.refuses(job) : undefined;
          const { namespace = '', name: jobName } = job.metadata;
          return why && handed.has(uidOf(job)) ? [{ namespace, name: jobName, uid: uidOf(job), ...why }] : [];
        });
        registry.heard(name, {
          clusterUid: `cluster-${name}`,
          instance: 'agent-1',
          version: '0.2.0',
          kubernetes: 'v1.35.0',
          sentAt: timestamp(clock.now()),
          receivedAt: clock.now(),
          capacity: { cpu: '8', memory: '32Gi', gpus: pools },
          unknown: [],
          refused,
          held: jobs.length,
        });
      }
    },
  };
  return elsewhere;
}
