/** The whole hub against an API server, a store and a clock in memory, with a fake island that drives the IslandJobs. */
import { ComputeIslandKind, computeIslandSpec, computeIslandStatus } from '../../src/api/computeisland.ts';
import { type ExpertDataset, ExpertDatasetKind, expertDatasetSpec, expertDatasetStatus } from '../../src/api/expertdataset.ts';
import { type ExpertShard, ExpertShardKind, expertShardSpec, expertShardStatus } from '../../src/api/expertshard.ts';
import {
  type ExpertTraining,
  ExpertTrainingKind,
  expertTrainingSpec,
  expertTrainingStatus,
} from '../../src/api/experttraining.ts';
import { type IslandJob, IslandJobKind, islandJobSpec, islandJobStatus } from '../../src/api/islandjob.ts';
import { type Announcer } from '../../src/hub/announce.ts';
import type { Quotas } from '../../src/hub/field.ts';
import { createHubControllers } from '../../src/hub/index.ts';
import { createManager } from '../../src/kube/manager.ts';
import { type KubeObject, type Log, type ResourceType, silentLog } from '../../src/kube/types.ts';
import { createFakeClock, createSeededRandom } from '../kube/fake-clock.ts';
import { createMemoryApi, type Interceptor } from '../kube/memory-client.ts';
import { MemoryStore } from '../store/memory-store.ts';
import { dataset, island, namespace, training } from './builders.ts';
import { createElsewhere, type IslandSize } from './elsewhere.ts';
import { createFakeIsland } from './fake-island.ts';

const schemas = {
  ExpertDataset: [expertDatasetSpec, expertDatasetStatus],
  ExpertTraining: [expertTrainingSpec, expertTrainingStatus],
  ExpertShard: [expertShardSpec, expertShardStatus],
  IslandJob: [islandJobSpec, islandJobStatus],
  ComputeIsland: [computeIslandSpec, computeIslandStatus],
} as const;

/** Defaults and bounds as the CRDs have them, and the transition rules that protect numbers and results. */
function admit(type: { kind: string }, object: KubeObject, old: KubeObject | undefined): KubeObject {
  const [spec, status] = schemas[type.kind as keyof typeof schemas] ?? [];
  if (!spec || !status) return object;
  const given = object as KubeObject & { spec: unknown; status?: unknown };
  const next = {
    ...object,
    spec: spec.strict().parse(given.spec),
    ...(given.status === undefined ? {} : { status: status.strict().parse(given.status) }),
  };
  checkRules(next as { status?: Rules }, old as { status?: Rules } | undefined, `${type.kind} ${object.metadata.name}`);
  return next;
}

interface Rules {
  state?: string;
  placement?: number;
  attempt?: number;
  accepted?: { placement: number };
  work?: Rules;
  router?: Rules;
  evaluation?: Rules;
}

function checkRules(next: { status?: Rules }, old: { status?: Rules } | undefined, what: string): void {
  const pairs = [
    [next.status, old?.status] as const,
    ...(['work', 'router', 'evaluation'] as const).map((part) => [next.status?.[part], old?.status?.[part]] as const),
  ];
  for (const [now, before] of pairs) {
    if (!now || !before) {
      if (before && !now) throw new Error(`${what}: a stored work disappeared`);
      continue;
    }
    const refuse = (why: string) => {
      throw new Error(`${what}: ${why}: ${JSON.stringify(before)} → ${JSON.stringify(now)}`);
    };
    if ((now.placement ?? 0) < (before.placement ?? 0)) refuse('placement went back');
    if (now.placement === before.placement && (now.attempt ?? 0) < (before.attempt ?? 0)) refuse('attempt went back');
    if (before.accepted && !(now.accepted && now.accepted.placement >= before.accepted.placement)) refuse('accepted went back');
    if (['Complete', 'Failed'].includes(before.state ?? '') && what.startsWith('ExpertTraining') && now.state !== before.state)
      refuse('a final state changed');
  }
}

export type World = ReturnType<typeof createWorld>;

export interface HubRun {
  stop(): Promise<void>;
}

export function createWorld(options: { log?: Log; elsewhere?: IslandSize[]; quotas?: Quotas } = {}) {
  const clock = createFakeClock();
  const random = createSeededRandom();
  const api = createMemoryApi({ clock, random, garbageCollect: true, admit });
  const store = new MemoryStore();
  const users = api.client({ name: 'user' });
  const fakeIsland = createFakeIsland(api.client({ name: 'island' }), store, clock);
  const told: string[] = [];
  const events: Announcer = {
    normal: (object, reason, message) => void told.push(`Normal ${object.kind} ${reason} ${message}`),
    warning: (object, reason, message) => void told.push(`Warning ${object.kind} ${reason} ${message}`),
  };
  const elsewhere = options.elsewhere && createElsewhere(api, clock, options.elsewhere);
  if (elsewhere) fakeIsland.reaches = (job) => elsewhere.reaches(job);
  let hubWrites = 0;
  api.observe(() => void hubWrites++);
  const at = (name: string) => ({ namespace, name });

  const world = {
    clock,
    api,
    store,
    users,
    island: fakeIsland,
    get elsewhere() {
      if (!elsewhere) throw new Error('this world has no islands elsewhere');
      return elsewhere;
    },
    told,
    get writes() {
      return hubWrites;
    },
    /** Starts the hub; `intercept` sees each of its requests, `lag` delays each event of its watches. */
    start(intercept?: Interceptor, lag?: (signal: AbortSignal) => Promise<void>): HubRun {
      const client = api.client({ name: 'hub', ...(intercept ? { intercept } : {}), ...(lag ? { lag } : {}) });
      const log = options.log ?? silentLog;
      const manager = createManager({ client, clock, random, log });
      createHubControllers({
        client,
        manager,
        clock,
        random,
        log,
        events,
        stores: new Map([['default', store]]),
        settings: { images: { workload: 'ddm' }, instance: 'hub-0' },
        ...(options.quotas ? { quotas: options.quotas } : {}),
        ...elsewhere?.begin(),
      });
      const ending = new AbortController();
      const ended = manager.run(ending.signal).catch((error: unknown) => {
        if (!ending.signal.aborted) throw error;
      });
      return {
        async stop() {
          ending.abort(new Error('stopped by the test'));
          await clock.settle();
          await ended;
        },
      };
    },
    /** Applies what a user would: an island, a data set and a training. */
    apply(parts: { dataset?: object; training?: object; islands?: string[] } = {}): void {
      for (const name of parts.islands ?? (elsewhere ? [] : ['local'])) world.addIsland(name);
      api.put(ExpertDatasetKind, dataset(parts.dataset as never));
      api.put(ExpertTrainingKind, training(parts.training as never));
    },
    addIsland: (name: string) => void api.put(ComputeIslandKind, island(name)),
    async approve(digest: string | undefined): Promise<void> {
      await users.patch(ExpertDatasetKind, at('digits'), { spec: { approve: digest } }, { contentType: 'merge' });
    },
    /** Lets hub and island work until the predicate holds. */
    async until(done: () => boolean, what: string, rounds = 400): Promise<void> {
      for (let round = 0; round < rounds; round++) {
        await clock.settle();
        if (done()) return;
        elsewhere?.speak();
        await fakeIsland.step();
        await clock.advance(1000);
      }
      const { status } = world.training ?? {};
      throw new Error(
        `${what} did not come: ${JSON.stringify({ status, jobs: world.jobs.map((job) => [job.metadata.name, job.spec.stop, job.status?.state]) })}`,
      );
    },
    /** Lets everything come to rest. */
    async rest(seconds = 90): Promise<void> {
      for (let round = 0; round < seconds; round++) {
        elsewhere?.speak();
        await fakeIsland.step();
        await clock.advance(1000);
      }
    },
    get training(): ExpertTraining | undefined {
      return api.get(ExpertTrainingKind, at('digits'));
    },
    get dataset(): ExpertDataset | undefined {
      return api.get(ExpertDatasetKind, at('digits'));
    },
    get shards(): ExpertShard[] {
      return api.all(ExpertShardKind);
    },
    get jobs(): IslandJob[] {
      return api.all(IslandJobKind);
    },
    state: () => world.training?.status?.state,
    condition: (type: string) => world.training?.status?.conditions.find((condition) => condition.type === type),
    /** Sets annotations of the training, or takes them away with null. */
    async annotate(annotations: Record<string, string | null>): Promise<void> {
      await users.patch(ExpertTrainingKind, at('digits'), { metadata: { annotations } }, { contentType: 'merge' });
    },
    async annotateData(annotations: Record<string, string | null>): Promise<void> {
      await users.patch(ExpertDatasetKind, at('digits'), { metadata: { annotations } }, { contentType: 'merge' });
    },
    async change(spec: object): Promise<void> {
      await users.patch(ExpertTrainingKind, at('digits'), { spec }, { contentType: 'merge' });
    },
    async remove(object: KubeObject | undefined): Promise<void> {
      if (!object) throw new Error('cannot delete what is not there');
      const { uid = '', name } = object.metadata;
      const kinds = [ExpertTrainingKind, ExpertDatasetKind, ExpertShardKind, IslandJobKind] as ResourceType<KubeObject>[];
      const type = kinds.find(({ kind }) => kind === object.kind);
      if (!type) throw new Error(`cannot delete a ${object.kind}`);
      await users.delete(type, { namespace, name }, { uid });
    },
  };
  return world;
}
