/** Which cluster may speak as an island: the one that joined, or one that joins now with the token that the admin made. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { type ComputeIsland, ComputeIslandKind } from '../api/computeisland.ts';
import type { Admission, Admit } from '../api/islandreport.ts';
import { fieldManagers } from '../api/labels.ts';
import type { Reason } from '../api/reasons.ts';
import type { Clock } from '../clock.ts';
import { isConflict } from '../kube/errors.ts';
import type { Store } from '../kube/store.ts';
import type { Applied, KubeClient } from '../kube/types.ts';
import type { Announcer } from './announce.ts';
import type { HubRegistry } from './registry.ts';

export interface JoiningOptions {
  client: KubeClient;
  clock: Clock;
  /** The cache of ComputeIslands. */
  islands: Store<ComputeIsland>;
  registry: HubRegistry;
  events: Announcer;
}

export interface Hello {
  clusterUid: string;
  joinToken?: string;
}

export type Verdict =
  | { verdict: 'Known' }
  /** To be stored as the cluster of this island. */
  | { verdict: 'Join'; tokenDigest: string }
  | { verdict: 'Refuse'; reason: Reason; message: string };

/** How often joining starts over because the ComputeIsland changed in between. */
const mostTries = 5;

export function createAdmit({ client, clock, islands, registry, events }: JoiningOptions): Admit {
  function refuse(name: string, island: ComputeIsland | undefined, reason: Reason, message: string): Admission {
    const known = registry.turnedAway(name);
    if (island && known?.message !== message) events.warning(island, reason, message, 'Join');
    registry.turnAway(name, { reason, message, at: clock.now() });
    return { admitted: false, reason, message };
  }

  async function joinedElsewhere(name: string, clusterUid: string, signal: AbortSignal): Promise<string | undefined> {
    const { items } = await client.list(ComputeIslandKind, { signal });
    return items.find(({ metadata, status }) => metadata.name !== name && status?.clusterUid === clusterUid)?.metadata.name;
  }

  return async (name, hello, signal) => {
    // What the cache knows is enough for the everyday case; anything else is decided on what is stored now.
    if (decideJoin(islands.get({ name }), name, hello, clock.now()).verdict === 'Known') return { admitted: true };
    for (let tries = 1; ; tries++) {
      const island = await client.get(ComputeIslandKind, { name }, { signal });
      const decision = decideJoin(island, name, hello, clock.now());
      if (decision.verdict === 'Known') return { admitted: true };
      if (decision.verdict === 'Refuse') return refuse(name, island, decision.reason, decision.message);
      if (!island) throw new Error(`cannot join ${name}: a ComputeIsland that does not exist`);
      const elsewhere = await joinedElsewhere(name, hello.clusterUid, signal);
      if (elsewhere !== undefined) {
        const message = `cluster ${hello.clusterUid} has joined as ${elsewhere}: one cluster is one island`;
        return refuse(name, island, 'JoinRefused', message);
      }
      try {
        const stored = await store(client, island, hello.clusterUid, decision.tokenDigest, signal);
        registry.forget(name);
        events.normal(stored, 'Joined', `cluster ${hello.clusterUid} has joined`, 'Join');
        return { admitted: true };
      } catch (error) {
        if (!isConflict(error) || tries === mostTries) throw error;
      }
    }
  };
}

/** Pure: what is stored of the island, and who speaks. */
export function decideJoin(island: ComputeIsland | undefined, name: string, hello: Hello, now: number): Verdict {
  if (!island || island.metadata.deletionTimestamp !== undefined) {
    const what = island ? `ComputeIsland ${name} is being deleted` : `there is no ComputeIsland ${name}`;
    return { verdict: 'Refuse', reason: 'JoinRefused', message: `${what}: atoll island add makes one` };
  }
  const { clusterUid, joinedWith } = island.status ?? {};
  if (clusterUid === hello.clusterUid) return { verdict: 'Known' };
  const { join } = island.spec;
  const again = 'atoll island add --replace makes a new token';
  const other = clusterUid === undefined ? '' : `; cluster ${clusterUid} had joined before`;
  const refuse = (reason: Reason, message: string): Verdict => ({ verdict: 'Refuse', reason, message });
  // A cluster that shows no token of its own is not joining: it only speaks under a name that another one has.
  if (clusterUid !== undefined && (!join || join.tokenDigest === joinedWith || !hello.joinToken)) {
    const message = `cluster ${hello.clusterUid} speaks as ${name}, and cluster ${clusterUid} has joined: if it was rebuilt, ${again}`;
    return refuse('ClusterChanged', message);
  }
  if (!join) return refuse('JoinRefused', `spec.join of ${name} is absent: atoll island add makes a token`);
  if (hello.joinToken === undefined || hello.joinToken === '') {
    return refuse('JoinRefused', `cluster ${hello.clusterUid} sent no join token, and it has not joined as ${name} yet`);
  }
  if (!matches(hello.joinToken, join.tokenDigest)) {
    return refuse('JoinRefused', `the join token of cluster ${hello.clusterUid} is not the one of ${name}${other}: ${again}`);
  }
  if (join.tokenDigest === joinedWith) return refuse('JoinRefused', `the join token of ${name} has been used: ${again}`);
  if (Date.parse(join.expiresAt) <= now) {
    return refuse('JoinRefused', `the join token of ${name} expired at ${join.expiresAt}: ${again}`);
  }
  return { verdict: 'Join', tokenDigest: join.tokenDigest };
}

function matches(token: string, digest: string): boolean {
  const [found, wanted] = [`sha256:${createHash('sha256').update(token).digest('hex')}`, digest].map((text) => Buffer.from(text));
  return found !== undefined && wanted !== undefined && found.length === wanted.length && timingSafeEqual(found, wanted);
}

/** A compare-and-set of the status: of two clusters with one token only one joins. */
function store(
  client: KubeClient,
  island: ComputeIsland,
  clusterUid: string,
  joinedWith: string,
  signal: AbortSignal,
): Promise<ComputeIsland> {
  const { name, uid = '', resourceVersion = '' } = island.metadata;
  const status = { ...island.status, clusterUid, joinedWith };
  const applied = { metadata: { name, uid, resourceVersion }, status } as Applied<ComputeIsland>;
  return client.applyStatus(ComputeIslandKind, applied, { fieldManager: fieldManagers.hub, force: true, signal });
}
