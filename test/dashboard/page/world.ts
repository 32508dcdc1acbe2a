/** A dashboard as a hub serves it, on a real API server with real users, and everything that it shows put there by hand. */

import type { Browser } from 'playwright-core';
import { bundlePage, pagePath } from '../../../local/build.ts';
import type { IslandJob } from '../../../src/api/islandjob.ts';
import type { Progress } from '../../../src/api/work.ts';
import { systemClock as clock, systemRandom as random } from '../../../src/clock.ts';
import type { ReadStore } from '../../../src/dashboard/server/context.ts';
import { type Curves, createCurves } from '../../../src/dashboard/server/curves.ts';
import { createGatekeeper } from '../../../src/dashboard/server/gatekeeper.ts';
import { startDashboard } from '../../../src/dashboard/server/index.ts';
import { createModel } from '../../../src/dashboard/server/model.ts';
import { createObjects } from '../../../src/dashboard/server/objects.ts';
import { createKubeClient, type RealKubeClient } from '../../../src/kube/client.ts';
import { createManager, type Manager } from '../../../src/kube/manager.ts';
import { silentLog } from '../../../src/kube/types.ts';
import { Api } from '../../api/server.ts';
import { eventually } from '../../kube/eventually.ts';
import { MemoryStore } from '../../store/memory-store.ts';
import type { Seen } from './browser.ts';
import { tokensOf, type User } from './users.ts';

export interface World extends AsyncDisposable {
  api: Api;
  /** As administrator. */
  client: RealKubeClient;
  url: string;
  tokens: Readonly<Record<User, string>>;
  store: MemoryStore;
  /** How long the store takes to answer the dashboard, in milliseconds. */
  storeTakes: { ms: number };
  /** What islands say about running jobs now, by uid. */
  progress: Map<string, Progress>;
  /** The text of every log. */
  log: { lines: (job: IslandJob) => AsyncIterable<string> };
  /** The IslandJob as the server has it now. */
  job(uid: string): IslandJob | undefined;
  /** Has the server hear all progress now, as it does every few seconds. */
  hear(): void;
  /** Ends the server and, after `meanwhile`, starts the next one on the same port. */
  restart(meanwhile?: () => Promise<void>): Promise<void>;
}

/** What the tests of one world share: the browser, and a window in which the editor is signed in. */
export interface Here {
  world: World;
  browser: Browser;
  seen: Seen;
}

export interface WorldOptions {
  /** What runs beside the dashboard in the same manager, as the controllers of a hub do. */
  controllers?: (manager: Manager, client: RealKubeClient, store: MemoryStore) => void;
}

export async function startWorld({ controllers }: WorldOptions = {}): Promise<World> {
  await bundlePage();
  const api = await Api.start();
  const tokens = await tokensOf(api.server);
  const client = createKubeClient({ kubeconfig: api.server.kubeconfigPath, clock, random });
  const store = new MemoryStore();
  const storeTakes = { ms: 0 };
  const slow: ReadStore = {
    get: async (...asked) => (await clock.sleep(storeTakes.ms), store.get(...asked)),
    head: async (key) => (await clock.sleep(storeTakes.ms), store.head(key)),
    async *list(prefix) {
      await clock.sleep(storeTakes.ms);
      yield* store.list(prefix);
    },
  };
  const progress = new Map<string, Progress>();
  const log: World['log'] = { lines: async function* () {} };
  let serving = await serve(0);

  async function serve(port: number) {
    const stop = new AbortController();
    const manager = createManager({ client, clock, random, log: silentLog });
    const objects = createObjects(manager);
    const live = (uid: string) => progress.get(uid);
    const gatekeeper = createGatekeeper({
      client,
      access: { kubeconfig: api.server.kubeconfigPath },
      clock,
      random,
      log: silentLog,
      version: 'test',
    });
    const curves: Curves = createCurves({ objects, progress: live, clock });
    const informers = [objects.runs, objects.datasets, objects.shards, objects.jobs, objects.islands];
    const server = await startDashboard({
      objects,
      model: createModel({ objects, clock, progress: live }),
      gatekeeper,
      stores: new Map([['default', slow]]),
      curves,
      openLog: (_, job) => log.lines(job),
      live: () => true,
      clock,
      log: silentLog,
      random,
      version: 'test',
      role: 'hub',
      links: [],
      historyPrefixes: ['atoll/'],
      ready: () => informers.every((informer) => informer.hasSynced),
      port,
      host: '127.0.0.1',
      ui: pagePath,
    });
    controllers?.(manager, client, store);
    manager.addLoop('dashboard', (until) => server.run(until), { leaderOnly: false });
    manager.addLoop('curves', (until) => curves.run(until), { leaderOnly: false });
    const running = manager.run(stop.signal).catch((error: unknown) => {
      if (!stop.signal.aborted) throw error;
    });
    const url = `http://127.0.0.1:${server.port}/`;
    await eventually(
      'the dashboard serves',
      async () => (await fetch(`${url}livez`)).ok && informers.every(({ hasSynced }) => hasSynced),
    );
    const job = (uid: string) => objects.jobs.store.list().find(({ metadata }) => metadata.uid === uid);
    return { url, port: server.port, curves, job, end: () => (stop.abort(new Error('the test is over')), running) };
  }

  return {
    api,
    client,
    url: serving.url,
    tokens,
    store,
    storeTakes,
    progress,
    log,
    job: (uid) => serving.job(uid),
    hear: () => serving.curves.look(),
    async restart(meanwhile) {
      await serving.end();
      await meanwhile?.();
      serving = await serve(serving.port);
    },
    async [Symbol.asyncDispose]() {
      await serving.end();
      await client.close();
      await api[Symbol.asyncDispose]();
    },
  };
}
