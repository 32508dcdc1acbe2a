/** ComputeIsland of a hub whose islands are elsewhere: the only writer of its status, but for the join. */
import { type ComputeIsland, ComputeIslandKind, type ComputeIslandStatus } from '../api/computeisland.ts';
import { displayDuration } from '../api/duration.ts';
import type { IslandReport } from '../api/islandreport.ts';
import type { Reason } from '../api/reasons.ts';
import type { Condition } from '../api/work.ts';
import { timestamp } from '../clock.ts';
import { type Controller, createController, type Outcome } from '../kube/controller.ts';
import { forKind, mapped } from '../kube/sources.ts';
import { type HubContext, soonest } from './context.ts';
import { hasEnded } from './islands.ts';
import { silentSince } from './move.ts';
import type { Reach } from './reach.ts';
import type { TurnedAway } from './registry.ts';
import { conditionList, createStatusWriter } from './status.ts';
import type { Why } from './work.ts';

/** Shortest time between two writes that only say when the island was heard. */
const heardEveryMs = 60_000;
const mostUnknown = 64;

export function createIslandController(context: HubContext, reach: Reach): Controller {
  const { client, clock, islands, jobs, events } = context;
  const { registry, silenceMs } = reach;
  const writer = createStatusWriter<ComputeIslandStatus, ComputeIsland>({
    client,
    clock,
    type: ComputeIslandKind,
    essence: (status) => ({ ...status, lastHeard: undefined, clockSkew: undefined }),
    everyMs: heardEveryMs,
  });

  async function reconcile(island: ComputeIsland, signal: AbortSignal): Promise<Outcome> {
    const { name } = island.metadata;
    const silent = reach.silent(name);
    // In memory and not only in the status: after a restart the stored state says nothing about the silence of now.
    registry.found(name, silent);
    const status = islandStatus(island, {
      report: registry.get(name),
      silent,
      lastWord: reach.lastWord(name),
      jobs: jobs.store.byIndex('island', name).filter((job) => !hasEnded(job)).length,
      turnedAway: registry.turnedAway(name),
      now: clock.now(),
    });
    const written = await writer.write(island, status, { signal });
    announce(island, status);
    // Woken by the island itself, its jobs and by what it says; by time to notice that it says nothing more.
    return soonest(written.wait, silent ? undefined : reach.heardAt(name) + silenceMs - clock.now() + 1);
  }

  function announce(island: ComputeIsland, status: ComputeIslandStatus): void {
    const before = (type: string) => island.status?.conditions.find((one) => one.type === type)?.status;
    for (const { type, status: is, reason: why, message } of status.conditions) {
      const reason = why as Reason;
      if (is === before(type) || type === 'Joined') continue;
      const good = (type === 'Reachable') === (is === 'True');
      if (!good) events.warning(island, reason, message, type);
      else if (before(type) !== undefined) events.normal(island, reason, message, type);
    }
  }

  return createController({
    ...context,
    name: 'computeisland',
    workers: 2,
    sources: [
      forKind(islands),
      mapped(jobs, ({ spec }) => [{ name: spec.island }], {
        when: (change) => change.type !== 'update' || hasEnded(change.object) !== hasEnded(change.old),
      }),
      { start: (enqueue) => registry.onChange((name) => enqueue({ name })) },
    ],
    async reconcile(key, signal) {
      const island = islands.store.get(key);
      if (!island) registry.forget(key.name);
      return island ? reconcile(island, signal) : 'done';
    },
  });
}

export interface IslandFacts {
  report: IslandReport | undefined;
  silent: boolean;
  /** When it was last heard, in milliseconds. */
  lastWord: number | undefined;
  /** IslandJobs placed there that have not ended. */
  jobs: number;
  turnedAway: TurnedAway | undefined;
  now: number;
}

/** The whole status. What an island said last stays until it says something else. Pure. */
export function islandStatus(island: ComputeIsland, facts: IslandFacts): ComputeIslandStatus {
  const { status: stored, metadata } = island;
  const { report, lastWord, jobs } = facts;
  const capacity = report?.capacity ?? stored?.capacity;
  const unknownJobs = report ? report.unknown.slice(0, mostUnknown).map(jobName) : stored?.unknownJobs;
  const state = stateOf(stored, facts);
  const kept = { version: report?.version ?? stored?.version, kubernetes: report?.kubernetes ?? stored?.kubernetes };
  const total = capacity?.gpus.reduce((all, one) => all + one.total, 0) ?? 0;
  const free = capacity?.gpus.reduce((all, one) => all + one.free, 0) ?? 0;
  const said = {
    observedGeneration: metadata.generation,
    clusterUid: stored?.clusterUid,
    joinedWith: stored?.joinedWith,
    lastHeard: lastWord === undefined ? undefined : timestamp(lastWord),
    capacity,
    ...kept,
    clockSkew: report ? skewText(Date.parse(report.sentAt) - report.receivedAt) : stored?.clockSkew,
    unknownJobs: unknownJobs?.length === 0 ? undefined : unknownJobs,
    labels: report ? report.labels : stored?.labels,
  };
  return {
    ...(Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined)) as Partial<ComputeIslandStatus>),
    state,
    jobs,
    display: capacity === undefined ? {} : { gpus: total === 0 ? 'none' : `${free}/${total}` },
    conditions: conditionsOf(island, facts, report?.unknown.length ?? unknownJobs?.length ?? 0, unknownJobs ?? []),
  };
}

const jobName = ({ namespace, name, uid }: { namespace: string; name: string; uid: string }) => ({ namespace, name, uid });

function stateOf(stored: ComputeIslandStatus | undefined, { report, silent }: IslandFacts): ComputeIslandStatus['state'] {
  if (stored?.clusterUid === undefined) return 'NotJoined';
  if (silent) return 'Unreachable';
  // A hub that has just started takes the word of the one before until the island speaks or is silent.
  if (!report) return stored.state === 'NotJoined' ? 'NotReady' : stored.state;
  return report.capacity.cpu === '0' ? 'NotReady' : 'Ready';
}

function conditionsOf(
  { status: stored, metadata }: ComputeIsland,
  facts: IslandFacts,
  unknown: number,
  named: readonly { namespace: string; name: string }[],
): Condition[] {
  const list = conditionList(stored?.conditions, metadata.generation, facts.now);
  const joined = joinedOf(stored, facts);
  list.set('Joined', joined.status, joined.reason, joined.message);
  const reachable = reachableOf(stored, facts);
  list.set('Reachable', reachable.status, reachable.reason, reachable.message);
  const first = named.slice(0, 5).map(({ namespace, name }) => `${namespace}/${name}`);
  const more = unknown - first.length;
  const message = `the hub does not know ${first.join(', ')}${more > 0 ? ` and ${more} more` : ''}: they run on without a new attempt; decide with atoll island adopt or atoll island forget`;
  if (unknown > 0) list.set('UnknownJobs', true, 'UnknownJobs', message);
  else list.set('UnknownJobs', false, 'JobsKnown', '');
  return list.conditions;
}

function joinedOf(stored: ComputeIslandStatus | undefined, { turnedAway, silent }: IslandFacts): Why & { status: boolean } {
  const uid = stored?.clusterUid;
  // While the cluster that joined is heard, a stranger under its name is an event and no state.
  if (turnedAway && (uid === undefined || silent)) {
    return { status: false, reason: turnedAway.reason, message: turnedAway.message };
  }
  if (uid === undefined) {
    return { status: false, reason: 'WaitingForJoin', message: 'install the agent with the line that atoll island add printed' };
  }
  return { status: true, reason: 'Joined', message: `cluster ${uid} has joined` };
}

function reachableOf(
  stored: ComputeIslandStatus | undefined,
  { report, silent, lastWord }: IslandFacts,
): Why & { status: boolean | 'Unknown' } {
  if (stored?.clusterUid === undefined) {
    return { status: 'Unknown', reason: 'WaitingForJoin', message: 'no cluster has joined yet' };
  }
  if (silent) return { status: 'Unknown', reason: 'IslandUnreachable', message: silentSince(lastWord) };
  if (report) return { status: true, reason: 'CapacityKnown', message: 'its agent is heard' };
  const before = stored.conditions.find(({ type }) => type === 'Reachable');
  if (before && before.reason !== 'WaitingForJoin') {
    const status = before.status === 'True' ? true : 'Unknown';
    return { status, reason: before.reason as Why['reason'], message: before.message };
  }
  return { status: 'Unknown', reason: 'IslandUnreachable', message: silentSince(lastWord) };
}

/** The time that the message was under way is in it. */
function skewText(ms: number): string {
  if (Number.isNaN(ms) || Math.abs(ms) < 1000) return '0s';
  return `${ms < 0 ? '-' : ''}${displayDuration(Math.abs(ms))}`;
}
