/** The island's controllers over the API server in memory, with a clock that only tests move: started, killed and started again. */
import { IslandJobKind } from '../../src/api/islandjob.ts';
import type { Clock } from '../../src/clock.ts';
import { createIslandControllers } from '../../src/island/index.ts';
import type { IslandSettings } from '../../src/island/settings.ts';
import { nodes } from '../../src/kube/core.ts';
import { createManager } from '../../src/kube/manager.ts';
import {
  type KubeClient,
  type KubeObject,
  type ResourceType,
  silentLog,
  type WatchEvent,
  type WatchOptions,
} from '../../src/kube/types.ts';
import { createFakeClock, createSeededRandom } from '../kube/fake-clock.ts';
import { createMemoryApi, type Interceptor } from '../kube/memory-client.ts';
import { settings as defaults, NAME, spec } from './builders.ts';
import { createFakeCluster, type Script } from './fake-cluster.ts';

export function createWorld(script: (attempt: number, index: number) => Script, settings: IslandSettings = defaults) {
  const clock = createFakeClock();
  const random = createSeededRandom(7);
  const api = createMemoryApi({ clock, random, garbageCollect: true, gracefulPods: true });
  const cluster = createFakeCluster(api, clock, script);
  api.put(nodes, {
    metadata: { name: 'node-1' },
    status: { conditions: [{ type: 'Ready', status: 'True' }], allocatable: { cpu: '4', memory: '8Gi', 'nvidia.com/gpu': '2' } },
  });
  let stop: (() => Promise<void>) | undefined;
  const key = { namespace: 'research', name: NAME };

  return {
    clock,
    api,
    cluster,
    key,
    keyOf: (name: string) => ({ namespace: 'research', name }),
    apply: (over: Record<string, unknown> = {}) =>
      api.put(IslandJobKind, { metadata: { name: NAME, namespace: 'research' }, spec: spec(over) }),
    change(over: Record<string, unknown>) {
      const job = api.get(IslandJobKind, key);
      if (!job) throw new Error('cannot change the IslandJob: it is gone');
      api.put(IslandJobKind, {
        ...job,
        spec: { ...job.spec, ...over },
        metadata: { ...job.metadata, generation: (job.metadata.generation ?? 1) + 1 },
      });
    },
    job: () => api.get(IslandJobKind, key),
    status: () => api.get(IslandJobKind, key)?.status,
    /** Starts the agent; the interceptor sees every request it makes, and every watch event comes this much late. */
    start(intercept?: Interceptor, lagMs = 0) {
      const client = lagging(api.client({ name: 'island', ...(intercept ? { intercept } : {}) }), clock, lagMs);
      const manager = createManager({ client, clock, random, log: silentLog });
      const island = createIslandControllers({
        client,
        manager,
        clock,
        random,
        log: silentLog,
        settings,
        fetchReport: () => Promise.reject(new Error('cannot reach the courier: there is none')),
      });
      const controller = new AbortController();
      const running = manager.run(controller.signal);
      stop = async () => {
        controller.abort();
        let over = false;
        void running.catch(() => undefined).finally(() => (over = true));
        await clock.until(() => over);
      };
      return island;
    },
    async kill() {
      await stop?.();
      stop = undefined;
    },
  };
}

/** A client whose caches are always old: each event of a watch waits before it is seen. */
function lagging(client: KubeClient, clock: Clock, lagMs: number): KubeClient {
  if (lagMs === 0) return client;
  return {
    ...client,
    async *watch<T extends KubeObject>(type: ResourceType<T>, options: WatchOptions): AsyncIterable<WatchEvent<T>> {
      for await (const event of client.watch(type, options)) {
        await clock.sleep(lagMs, options.signal);
        yield event;
      }
    },
  };
}
