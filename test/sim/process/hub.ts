/** One process of the hub, made of the same parts as in its role: lease, manager, link and controllers. */
import { createHubControllers, createIslandAdmission, createIslandRegistry } from '../../../src/hub/index.ts';
import type { ReadableStore } from '../../../src/hub/verify.ts';
import { createEventRecorder } from '../../../src/kube/events.ts';
import { createLease } from '../../../src/kube/lease.ts';
import { createManager } from '../../../src/kube/manager.ts';
import type { KubeClient } from '../../../src/kube/types.ts';
import { createHubLink } from '../../../src/link/hub.ts';
import type { LinkTransport } from '../../../src/link/transport.ts';
import type { Log } from '../../../src/log.ts';
import type { Process } from '../clock.ts';
import type { Dice } from '../random.ts';

export interface HubParts {
  process: Process;
  client: KubeClient;
  random: Dice;
  log: Log;
  transport: LinkTransport;
  store: ReadableStore;
  /** Unique per start. */
  identity: string;
}

export const linkPrefix = 'atoll';
export const islandSilenceMs = 30_000;
export const claimDeadlineMs = 120_000;

/** Runs until the signal is aborted; rejects when the lease is lost. */
export async function runHubProcess(parts: HubParts, signal: AbortSignal): Promise<void> {
  const { client, process, random, log, transport, identity } = parts;
  const { clock } = process;
  const lease = createLease({
    client,
    clock,
    random,
    log,
    namespace: 'atoll-system',
    name: 'atoll',
    identity,
    durationMs: 10_000,
  });
  const manager = createManager({ client, clock, random, log, lease });
  const events = createEventRecorder({ client, clock, random, log, controller: 'atoll.dev/hub', instance: identity });
  manager.addLoop('events of the hub', (until) => events.run(until), { leaderOnly: false });
  const islandRegistry = createIslandRegistry({ silenceMs: islandSilenceMs });
  const settings = { images: { workload: 'ddm' }, instance: identity, progressEveryMs: 60_000 };
  const hub = { client, manager, clock, random, log, events, islandRegistry, settings };
  const link = createHubLink({
    client,
    manager,
    clock,
    random,
    log,
    transport,
    prefix: linkPrefix,
    mayAnswer: () => lease.held,
    admit: createIslandAdmission(hub),
    registry: islandRegistry,
    events,
    clusterUid: 'hub-cluster',
    instance: `${identity}_${random.hex(4)}`,
  });
  manager.addLoop('link to islands', (until) => link.run(until));
  createHubControllers({ ...hub, stores: new Map([['default', parts.store]]), link, islandSilenceMs, claimDeadlineMs });
  await manager.run(signal);
}
