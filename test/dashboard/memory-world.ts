/** A dashboard over an API server in memory and a real socket; only the answers of the API server about users are made up. */
import type { ExpertShard } from '../../src/api/expertshard.ts';
import { ExpertShardKind } from '../../src/api/expertshard.ts';
import { type ExpertTraining, ExpertTrainingKind, expertTrainingStatus } from '../../src/api/experttraining.ts';
import type { Progress } from '../../src/api/work.ts';
import { systemClock as clock, systemRandom } from '../../src/clock.ts';
import type { OpenLog, ReadStore } from '../../src/dashboard/server/context.ts';
import { createCurves } from '../../src/dashboard/server/curves.ts';
import { createGatekeeper } from '../../src/dashboard/server/gatekeeper.ts';
import { startDashboard } from '../../src/dashboard/server/index.ts';
import { createModel } from '../../src/dashboard/server/model.ts';
import { createObjects } from '../../src/dashboard/server/objects.ts';
import { createManager } from '../../src/kube/manager.ts';
import { type KubeClient, silentLog } from '../../src/kube/types.ts';
import { digest, training, work } from '../hub/builders.ts';
import { eventually } from '../kube/eventually.ts';
import { createMemoryApi } from '../kube/memory-client.ts';

export const token = 'token-of-a-user';

/** Answers TokenReviews and SubjectAccessReviews: one token is known, and its user may do everything. */
function reviewer(known: () => boolean): Pick<KubeClient, 'create'> {
  return {
    create: (type: { kind: string }, object: object) => {
      const { spec } = object as { spec: { token?: string } };
      const user = { username: 'alice', groups: ['people'] };
      const status = type.kind === 'TokenReview' ? { authenticated: known() && spec.token === token, user } : { allowed: true };
      return Promise.resolve({ ...object, status } as never);
    },
  };
}

export interface MemoryWorldOptions {
  stores?: ReadonlyMap<string, ReadStore>;
  openLog?: OpenLog;
  progress?: (jobUid: string) => Progress | undefined;
  patienceMs?: number;
  headMs?: number;
}

export async function startMemoryWorld(options: MemoryWorldOptions = {}) {
  const api = createMemoryApi({ clock, random: systemRandom });
  const manager = createManager({ client: api.client(), clock, random: systemRandom, log: silentLog });
  const objects = createObjects(manager);
  const progress = options.progress ?? (() => undefined);
  let known = true;
  const client = reviewer(() => known);
  const context = { clock, random: systemRandom, log: silentLog, version: 'test' };
  const dashboard = await startDashboard({
    ...context,
    objects,
    model: createModel({ objects, clock, progress }),
    gatekeeper: createGatekeeper({ ...context, client, access: { direct: { server: 'http://127.0.0.1:1' } } }),
    stores: options.stores ?? new Map(),
    curves: createCurves({ objects, progress, clock }),
    openLog:
      options.openLog ??
      (() => {
        throw new Error('there is no log here');
      }),
    live: () => true,
    role: 'hub',
    links: [],
    historyPrefixes: ['atoll/'],
    ready: () => objects.jobs.hasSynced,
    limits: {
      patienceMs: options.patienceMs ?? 15_000,
      headMs: options.headMs ?? 10_000,
      strangers: { perSecond: 5, burst: 5 },
      users: { perSecond: 500, burst: 500 },
    },
    port: 0,
    host: '127.0.0.1',
    ui: 'test/dashboard/nothing',
  });
  const stop = new AbortController();
  const running = [manager.run(stop.signal), dashboard.run(stop.signal)];
  await eventually('the stores are filled', () => objects.jobs.hasSynced && objects.runs.hasSynced);
  const url = `http://127.0.0.1:${dashboard.port}/`;
  return {
    api,
    objects,
    url,
    port: dashboard.port,
    get: (path: string, headers: Record<string, string> = {}) =>
      fetch(url + path, { headers: { authorization: `Bearer ${token}`, ...headers } }),
    /** From now on the API server knows the token no more. */
    revoke: () => void (known = false),
    async stop() {
      stop.abort(new Error('the test is over'));
      await Promise.allSettled(running);
    },
  };
}

export function aRun(name: string, experts: number): ExpertTraining {
  const base = training({}, name);
  return {
    apiVersion: 'atoll.dev/v1alpha1',
    kind: 'ExpertTraining',
    ...base,
    metadata: { ...base.metadata, uid: `uid-${name}`, generation: 1, creationTimestamp: '2026-01-01T00:00:00Z' },
    status: expertTrainingStatus.parse({ state: 'Running', experts: { total: experts, running: experts } }),
  };
}

/** An expert that trains, with all that a row shows. */
export function anExpert(run: string, index: number, step: number): ExpertShard {
  const at = new Date(Date.UTC(2026, 0, 1) + step * 1000).toISOString();
  const status = work({
    placement: 1,
    attempt: 2,
    restarts: 1,
    state: 'Running',
    island: `island-${index % 7}`,
    job: `${run}-e${index}-p1`,
    progress: { step, steps: 100_000, loss: String(0.3 + index / 7919), samplesPerSecond: String(100 + (index % 13)), at },
    checkpoint: {
      manifest: 'm',
      digest: digest('c'),
      step: Math.max(0, step - 100),
      bytes: 1,
      attempt: 1,
      at,
      final: false,
      kind: 'Resumable',
    },
  });
  return {
    apiVersion: 'atoll.dev/v1alpha1',
    kind: 'ExpertShard',
    metadata: { name: `${run}-e${index}`, namespace: 'research', uid: `uid-${run}-${index}` },
    spec: { training: run, trainingUid: `uid-${run}`, index, experts: 256, dataset: { manifest: 'm', digest: digest('d') } },
    status: { ...status, display: { eta: '2h' }, conditions: [] },
  };
}

/** Runs with so many experts each. */
export function fill({ api }: Pick<Awaited<ReturnType<typeof startMemoryWorld>>, 'api'>, runs: number, experts: number): void {
  for (let run = 0; run < runs; run++) {
    api.put(ExpertTrainingKind, aRun(`run-${run}`, experts));
    for (let index = 0; index < experts; index++) api.put(ExpertShardKind, anExpert(`run-${run}`, index, 500 + index));
  }
}
