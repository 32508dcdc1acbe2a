/** Public entry of the dashboard's server: one port with the page, the API and the stream. */

import type { Registry } from 'prom-client';
import type { Random } from '../../clock.ts';
import { actionHandlers } from './actions.ts';
import { readAssets } from './assets.ts';
import { createChecks } from './checks.ts';
import type { DashboardContext } from './context.ts';
import { datasetHandlers } from './datasets.ts';
import { createBuckets } from './find.ts';
import { historyHandlers } from './history.ts';
import { islandHandlers } from './islands.ts';
import { createDashboardMetrics } from './metrics.ts';
import { createSeats } from './rate.ts';
import { resultHandlers } from './results.ts';
import { runHandlers } from './runs.ts';
import { type Limits, type RunningServer, standardLimits, startServer } from './server.ts';
import { sessionHandlers } from './sessions.ts';
import { streamHandler } from './streams.ts';
import { workHandlers } from './works.ts';

export interface DashboardOptions extends DashboardContext {
  random: Random;
  registry?: Registry | undefined;
  port: number;
  /** Address to listen on; every one by default. */
  host?: string;
  /** Whether every store has been filled: nothing is answered before. */
  ready: () => boolean;
  limits?: Limits;
  /** Folder with the built page. */
  ui: string;
}

export async function startDashboard(options: DashboardOptions): Promise<RunningServer> {
  const { clock, log, gatekeeper, port, host, limits = standardLimits } = options;
  const metrics = options.registry && createDashboardMetrics(options.registry);
  const buckets = createBuckets(options.stores, clock);
  const checks = createChecks(clock, buckets);
  const session = sessionHandlers(options);
  const assets = await readAssets(options.ui);
  if (!assets.has('/')) log.warn({ folder: options.ui }, 'the page of the dashboard is not there; only its API is served');
  const server = await startServer({
    gatekeeper,
    ready: options.ready,
    assets,
    clock,
    log,
    metrics,
    port,
    ...(host === undefined ? {} : { host }),
    limits,
    signIn: (request, token, signal) => session.signIn(request, token, signal),
    handlers: {
      session: (call) => session.session(call),
      signOut: (call) => session.signOut(call),
      ...runHandlers(options),
      ...workHandlers(options, buckets, createSeats({ each: 12, all: 200 })),
      ...resultHandlers(options, buckets, checks),
      ...datasetHandlers(options, buckets),
      ...islandHandlers(options),
      ...historyHandlers(options, buckets, checks),
      ...actionHandlers(options),
      stream: streamHandler(options, { epoch: options.random.hex(8), metrics, patienceMs: limits.patienceMs }),
    },
  });
  log.info({ port: server.port }, 'the dashboard is served');
  return server;
}
