/** A hub and islands, each with an API server in memory, joined by a bus in memory; a small agent plays what an island's controllers do. */

import { type IslandJob, IslandJobKind, type IslandJobStatus, islandJobSpec, islandJobStatus } from '../../src/api/islandjob.ts';
import type { Admission, AdmitJob, IslandReport } from '../../src/api/islandreport.ts';
import { annotations, finalizers } from '../../src/api/labels.ts';
import type { Progress } from '../../src/api/work.ts';
import { ApiError } from '../../src/kube/errors.ts';
import { createManager } from '../../src/kube/manager.ts';
import { type KubeClient, type KubeObject, silentLog } from '../../src/kube/types.ts';
import { createHubLink } from '../../src/link/hub.ts';
import { createIslandLink } from '../../src/link/island.ts';
import { spec } from '../island/builders.ts';
import { createFakeClock, createSeededRandom } from '../kube/fake-clock.ts';
import { createMemoryApi, type Interceptor } from '../kube/memory-client.ts';
import { createMemoryBus } from './memory-bus.ts';

export const namespace = 'research';
export const prefix = 'atoll';
export type World = ReturnType<typeof createWorld>;
export type Side = ReturnType<World['hub']>;

/** The rules of the CRD that the link must never run into, each with the words of a real API server's refusal. */
function admitIslandJob(type: { kind: string }, object: KubeObject, old: KubeObject | undefined): KubeObject {
  if (type.kind !== 'IslandJob') return object;
  const job = object as IslandJob;
  const before = old as IslandJob | undefined;
  const refuse = (message: string) => {
    throw new ApiError(`write ${job.metadata.name}`, 422, { reason: 'Invalid', message });
  };
  const [specs, status] = [islandJobSpec.safeParse(job.spec), islandJobStatus.safeParse(job.status ?? {})];
  if (!specs.success) refuse(specs.error.message);
  if (!status.success) refuse(status.error.message);
  if (before) {
    if (job.spec.revision < before.spec.revision) refuse('spec.revision never decreases');
    if (before.spec.stop && !job.spec.stop) refuse('stop is one-way');
    for (const field of ['revision', 'attempt', 'restarts'] as const)
      if ((job.status?.[field] ?? 0) < (before.status?.[field] ?? 0)) refuse(`status.${field} never decreases`);
    for (const field of ['output', 'stopped'] as const) {
      const was = before.status?.[field];
      if (was && JSON.stringify(job.status?.[field]) !== JSON.stringify(was)) refuse(`status.${field} is set once`);
    }
  }
  return { ...object, spec: specs.data, ...(job.status === undefined ? {} : { status: status.data }) } as KubeObject;
}

export function createWorld(options: { seed?: number } = {}) {
  const clock = createFakeClock();
  const random = createSeededRandom(options.seed ?? 1);
  const bus = createMemoryBus({ clock, random });
  const events: string[] = [];
  const recorder = {
    normal: (object: KubeObject, reason: string, message: string) =>
      void events.push(`${object.metadata.name} ${reason} ${message}`),
    warning: (object: KubeObject, reason: string, message: string) =>
      void events.push(`${object.metadata.name} ${reason} ${message}`),
  };
  const key = (name: string) => ({ namespace, name });
  const newApi = () => createMemoryApi({ clock, random, admit: admitIslandJob });
  const stops: (() => Promise<void>)[] = [];

  /** One API server and what runs on it; each may be started, stopped and started again. */
  function side(name: string, create: (parts: Parts) => { run(signal: AbortSignal): Promise<void> }) {
    let api = newApi();
    let current: { stop(): Promise<void> } | undefined;
    const host = {
      get api() {
        return api;
      },
      job: (job: string) => api.get(IslandJobKind, key(job)),
      jobs: () => api.all(IslandJobKind),
      start(how: { intercept?: Interceptor; lag?: (signal: AbortSignal) => Promise<void> } = {}) {
        const client = api.client({ name, ...how });
        const manager = createManager({ client, clock, random, log: silentLog });
        const link = create({ client, manager, instance: random.uuid() });
        manager.addLoop('link', (signal) => link.run(signal));
        const ending = new AbortController();
        const ended = manager.run(ending.signal).catch((error: unknown) => {
          if (!ending.signal.aborted) throw error;
        });
        current = {
          async stop() {
            ending.abort(new Error('stopped by the test'));
            await clock.settle();
            await ended;
          },
        };
      },
      async stop() {
        await current?.stop();
        current = undefined;
      },
      /** What an etcd snapshot would hold. */
      backup: () => structuredClone(api.all(IslandJobKind)),
      /** Another API server with the objects of the backup, under the uids that they had. */
      async restore(backup: IslandJob[]) {
        await host.stop();
        api = newApi();
        for (const job of backup) api.put(IslandJobKind, job);
      },
    };
    stops.push(() => host.stop());
    return host;
  }

  const world = {
    clock,
    bus,
    events,
    random,
    hub(how: { admit?: (island: string) => Admission; mayAnswer?: () => boolean } = {}) {
      const reports = new Map<string, IslandReport>();
      let link: ReturnType<typeof createHubLink> | undefined;
      const host = side('hub', ({ client, manager, instance }) => {
        link = createHubLink({
          client,
          manager,
          clock,
          random,
          log: silentLog,
          transport: bus.client('hub'),
          prefix,
          mayAnswer: how.mayAnswer ?? (() => true),
          admit: (island) => Promise.resolve(how.admit?.(island) ?? { admitted: true }),
          registry: { heard: (island, report) => void reports.set(island, report), get: (island) => reports.get(island) },
          events: recorder,
          clusterUid: 'hub-cluster',
          instance,
        });
        return link;
      });
      const users = () => host.api.client({ name: 'user' });
      return Object.assign(Object.defineProperty(host, 'link', { get: () => link }) as typeof host & { link: typeof link }, {
        reports,
        users,
        async create(name: string, over: Record<string, unknown> = {}) {
          const { island = 'paris', ...rest } = over;
          return users().create(IslandJobKind, {
            metadata: { ...key(name), labels: { 'atoll.dev/role': 'Expert' }, finalizers: [finalizers.island] },
            spec: spec({ ...rest, island }),
          });
        },
        async change(name: string, fields: object) {
          const revision = (host.job(name)?.spec.revision ?? 0) + 1;
          await users().patch(IslandJobKind, key(name), { spec: { ...fields, revision } }, { contentType: 'merge' });
        },
        async remove(name: string) {
          await users().delete(IslandJobKind, key(name), { uid: host.job(name)?.metadata.uid ?? '' });
        },
      });
    },
    island(
      name: string,
      how: {
        admit?: AdmitJob;
        progress?: () => [string, Progress][];
        logs?: (signal: AbortSignal) => AsyncIterable<string>;
      } = {},
    ) {
      let link: ReturnType<typeof createIslandLink> | undefined;
      const host = side(name, ({ client, manager, instance }) => {
        link = createIslandLink({
          island: name,
          client,
          manager,
          clock,
          random,
          log: silentLog,
          transport: bus.client(name),
          prefix,
          events: recorder,
          agent: { version: '1.2.3', kubernetes: 'v1.35.4' },
          clusterUid: `cluster-${name}`,
          instance,
          capacity: () => ({ cpu: '8', memory: '32Gi', gpus: [] }),
          admit: how.admit ?? (() => undefined),
          progress: how.progress ?? (() => []),
          readLogs: (_, signal) => how.logs?.(signal) ?? noLogs(),
        });
        return link;
      });
      return Object.assign(Object.defineProperty(host, 'link', { get: () => link }) as typeof host & { link: typeof link }, {
        /** Uids of pods that this island would have started: one for each new attempt of a mirror that may start one. */
        started: [] as string[],
        report: (job: string, status: Partial<IslandJobStatus>) =>
          writeStatus(host.api.client({ name: 'agent' }), host.job(job), status),
        /** One round of what controllers do: finalizers on and off, and a first attempt for what may start. */
        async step() {
          const client = host.api.client({ name: 'agent' });
          for (const mirror of host.jobs()) {
            const { metadata, status } = mirror;
            if (metadata.deletionTimestamp !== undefined) {
              await client.patch(IslandJobKind, key(metadata.name), { metadata: { finalizers: [] } }, { contentType: 'merge' });
              continue;
            }
            if (!metadata.finalizers?.includes(finalizers.island)) {
              await client.patch(
                IslandJobKind,
                key(metadata.name),
                { metadata: { finalizers: [finalizers.island] } },
                { contentType: 'merge' },
              );
              continue;
            }
            const held =
              metadata.annotations?.[annotations.unknownToHub] !== undefined || mirror.spec.suspend || mirror.spec.stop;
            if (held || status?.output || (status?.attempt ?? 0) > 0) continue;
            this.started.push(metadata.name);
            await writeStatus(client, mirror, { state: 'Running', attempt: 1 });
          }
        },
      });
    },
    /** Lets time pass in steps, with a round of the agents in between, until the predicate holds. */
    async until(what: string, done: () => boolean, islands: { step(): Promise<void> }[] = [], seconds = 120): Promise<void> {
      for (let round = 0; round < seconds * 4; round++) {
        await clock.settle();
        if (done()) return;
        for (const island of islands) await island.step();
        await clock.advance(250);
      }
      throw new Error(`${what} did not come within ${seconds} s`);
    },
    async stop() {
      for (const stop of stops) await stop();
    },
  };
  return world;
}

interface Parts {
  client: KubeClient;
  manager: ReturnType<typeof createManager>;
  instance: string;
}

async function writeStatus(client: KubeClient, job: IslandJob | undefined, over: Partial<IslandJobStatus>): Promise<void> {
  if (!job) throw new Error('cannot report about a mirror that is not there');
  const { name, uid = '', resourceVersion = '', generation } = job.metadata;
  const before = job.status ?? islandJobStatus.parse({});
  const status: IslandJobStatus = {
    ...before,
    ...over,
    revision: before.revision + 1,
    ...(generation === undefined ? {} : { observedGeneration: generation }),
  };
  const metadata = { namespace, name, uid, resourceVersion };
  await client.applyStatus(IslandJobKind, { metadata, status }, { fieldManager: 'atoll-island', force: true });
}

// oxlint-disable-next-line require-yield -- there is none
async function* noLogs(): AsyncIterable<string> {
  throw new Error('there is no log');
}
