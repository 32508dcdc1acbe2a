/** `atoll island remove`: revokes an island's credentials and gives up what it held. */
import { type ComputeIsland, ComputeIslandKind } from '../../api/computeisland.ts';
import { type IslandJob, IslandJobKind } from '../../api/islandjob.ts';
import { finalizers, islandAnnotations } from '../../api/labels.ts';
import { events } from '../../kube/core.ts';
import { isConflict } from '../../kube/errors.ts';
import { hasFinalizer, removeFinalizer } from '../../kube/finalizers.ts';
import { microTime } from '../../kube/lease.ts';
import { keyOf } from '../../kube/types.ts';
import { type Cluster, needIsland, withCluster } from '../cluster.ts';
import { revoke } from '../revoke.ts';
import { count, some } from '../table.ts';
import { type Call, CommandFailure, clusterHelp, clusterOptions, oneWord, type Verb } from '../verb.ts';
import { hasEnded, jobsOf, namesOf } from './jobs.ts';

const help = `Usage: atoll island remove NAME [--lost] [options]

Revokes the island's credentials and deletes its ComputeIsland. While works run there it refuses: drain the island first.

Options:
  --lost              the island's cluster is gone for good: its works count as stopped and go on elsewhere. Should it still run
                      after all, its results are never accepted
  -y, --yes           do not ask
  --server URL        address of the NATS server as it is reached from here (default: the hosts of the hub's release)
${clusterHelp}

Examples:
  atoll island remove west
  atoll island remove west --lost --yes
`;

export const remove: Verb = {
  summary: 'remove an island and revoke its credentials',
  help,
  options: {
    ...clusterOptions,
    lost: { type: 'boolean' },
    yes: { type: 'boolean', short: 'y' },
    server: { type: 'string', multiple: true },
  },
  word: 'island',
  run(call) {
    const name = oneWord(call, 'name of the island');
    return withCluster(call, (cluster) => run(call, cluster, name));
  },
};

async function run(call: Call, cluster: Cluster, name: string): Promise<number> {
  const lost = call.on('lost');
  const jobs = await jobsOf(cluster, name);
  // Of an earlier run that was interrupted there may be jobs and no island any more.
  const island =
    lost && jobs.length > 0 ? await cluster.client.get(ComputeIslandKind, { name }) : await needIsland(cluster, name);
  const running = jobs.filter((job) => !hasEnded(job));
  if (running.length > 0 && !lost)
    throw new CommandFailure(
      `cannot remove ${name}: ${count(running.length, 'work')} there (${some(namesOf(running))}); move ${running.length === 1 ? 'it' : 'them'} with atoll island drain ${name} first, or say --lost when its cluster is gone for good`,
    );
  if (!(await agreed(call, name, running.length))) return 1;

  // In this order: from each step on the island can do less, and every step can be repeated.
  const told = await revokeUser(call, cluster, name, island);
  if (island) await cluster.client.delete(ComputeIslandKind, { name }, { uid: island.metadata.uid ?? '' });
  for (const job of await jobsOf(cluster, name)) await giveUp(call, cluster, name, job);
  call.io.out(`Island ${name} is removed.\n`);
  if (running.length > 0) call.io.out(`${count(running.length, 'work')} that it held: given up there, placed elsewhere.\n`);
  call.next('atoll island ls', 'which islands are left');
  return told ? 0 : 1;
}

async function agreed(call: Call, name: string, running: number): Promise<boolean> {
  if (call.on('yes')) return true;
  const { confirm } = call.io;
  if (!confirm) throw new CommandFailure(`cannot ask whether to remove ${name}: there is no terminal; say --yes`);
  const what = running === 0 ? '' : ` The cluster counts as gone, with ${count(running, 'work')} on it.`;
  if (await confirm(`Remove island ${name} and revoke its credentials?${what}`)) return true;
  call.io.err('atoll: nothing was done\n');
  return false;
}

async function revokeUser(call: Call, cluster: Cluster, name: string, island: ComputeIsland | undefined): Promise<boolean> {
  const user = island?.metadata.annotations?.[islandAnnotations.linkUser];
  if (user !== undefined) return await revoke(call, cluster, name, [user]);
  if (island) call.io.out(`Island ${name} has no credentials of its own to revoke.\n`);
  return true;
}

/**
 * Nothing waits for the island any more. What has ended stays, with its results; what has not is deleted, which to the hub is the
 * proof that it stopped: the administrator's word stands for the island's.
 */
async function giveUp(call: Call, cluster: Cluster, island: string, job: IslandJob): Promise<void> {
  const { client } = cluster;
  const ended = hasEnded(job);
  if (!ended && !call.on('lost'))
    throw new CommandFailure(
      `cannot give up ${namesOf([job])[0]}: it came to ${island} in this moment; repeat atoll island remove ${island} --lost`,
    );
  const ours = hasFinalizer(job, finalizers.island);
  if (ended && !ours) return;
  await record(call, cluster, island, job);
  if (!ended) await client.delete(IslandJobKind, keyOf(job), { uid: job.metadata.uid ?? '' });
  for (let tries = 1; ; tries++) {
    const now = await client.get(IslandJobKind, keyOf(job));
    if (!now || now.metadata.uid !== job.metadata.uid) return;
    try {
      await removeFinalizer(client, IslandJobKind, now, finalizers.island);
      return;
    } catch (error) {
      if (!isConflict(error) || tries === 5) throw error;
    }
  }
}

async function record(call: Call, { client }: Cluster, island: string, job: IslandJob): Promise<void> {
  const { namespace = '', name, uid = '' } = job.metadata;
  const lost = call.on('lost');
  await client.create(events, {
    metadata: { namespace, name: `${name}.${call.random.hex(8)}` },
    eventTime: microTime(call.clock.now()),
    reportingController: 'atoll.dev/cli',
    reportingInstance: 'atoll',
    type: lost ? 'Warning' : 'Normal',
    reason: 'IslandRemoved',
    action: 'RemoveIsland',
    note: lost
      ? `island ${island} was removed as lost: nobody waits any more for its word that this has stopped`
      : `island ${island} was removed after this had ended`,
    regarding: { apiVersion: job.apiVersion, kind: job.kind, namespace, name, uid },
  });
}
