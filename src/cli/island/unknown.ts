/** `atoll island adopt` and `forget`: what becomes of works that an island holds and the hub does not know. */
import { type ComputeIsland, ComputeIslandKind } from '../../api/computeisland.ts';
import { ExpertDatasetKind } from '../../api/expertdataset.ts';
import { ExpertTrainingKind } from '../../api/experttraining.ts';
import { IslandJobKind } from '../../api/islandjob.ts';
import { type Mark, marked, markText } from '../../api/islandmarks.ts';
import type { JobName } from '../../api/islandreport.ts';
import { uid8 } from '../../api/keys.ts';
import { islandAnnotations } from '../../api/labels.ts';
import { keyString } from '../../kube/types.ts';
import { type Cluster, needIsland, patchObject, withCluster } from '../cluster.ts';
import { count, some } from '../table.ts';
import { type Call, CommandFailure, CommandLineError, clusterHelp, clusterOptions, type Verb } from '../verb.ts';

const jobs = (verb: string) => `
JOB is NAMESPACE/NAME or the uid of a work in status.unknownJobs of the ComputeIsland; --all means all of them.

Options:
  --all               every work that the hub does not know
${clusterHelp}

Examples:
  atoll island ${verb} west research/digits-1a2b3c4d-e003-p1
  atoll island ${verb} west --all
`;

export const adopt: Verb = {
  summary: 'take works back that the hub does not know any more',
  help: `Usage: atoll island adopt NAME JOB...

The hub makes these works again, under the same names and on the same island, and the island goes on with what it holds. That needs
their training or data set: of one that is gone, nothing can be adopted.
${jobs('adopt')}`,
  options: { ...clusterOptions, all: { type: 'boolean' } },
  word: 'island',
  run: (call) =>
    decide(call, async (cluster, island, named) => {
      for (const job of named) {
        await needOwner(cluster, job);
        await needRoom(cluster, island, job);
      }
      await mark(cluster, island, 'adopt', 'forget', named);
      call.io.out(`${count(named.length, 'work')} of ${island.metadata.name} to be adopted: the hub makes them again there.\n`);
    }),
};

export const forget: Verb = {
  summary: 'have works stopped that the hub does not know any more',
  help: `Usage: atoll island forget NAME JOB...

The island stops these works and removes them. What they have published stays in the store.
${jobs('forget')}`,
  options: { ...clusterOptions, all: { type: 'boolean' } },
  word: 'island',
  run: (call) =>
    decide(call, async (cluster, island, named) => {
      await mark(cluster, island, 'forget', 'adopt', named);
      call.io.out(
        `${count(named.length, 'work')} of ${island.metadata.name} to be forgotten: the island stops and removes them.\n`,
      );
    }),
};

async function decide(
  call: Call,
  act: (cluster: Cluster, island: ComputeIsland, named: readonly JobName[]) => Promise<void>,
): Promise<number> {
  const [name, ...words] = call.words;
  if (name === undefined) throw new CommandLineError('name of the island is missing');
  if (words.length === 0 && !call.on('all')) throw new CommandLineError('name works, or say --all');
  return await withCluster(call, async (cluster) => {
    const island = await needIsland(cluster, name);
    await act(cluster, island, find(island, words, call.on('all')));
    call.next(`atoll island check ${name}`, 'what it still holds that the hub does not know');
    return 0;
  });
}

function find({ metadata, status }: ComputeIsland, words: readonly string[], all: boolean): JobName[] {
  const unknown = status?.unknownJobs ?? [];
  if (all && unknown.length > 0) return unknown;
  return (all ? ['any'] : words).map((word) => {
    const found = unknown.find((job) => job.uid === word || keyString(job) === word);
    if (found) return found;
    const known = unknown.length === 0 ? 'the hub knows all that it holds' : `it holds ${some(unknown.map(keyString))}`;
    throw new CommandFailure(`cannot find ${word} among the works of ${metadata.name} that the hub does not know: ${known}`);
  });
}

/** The name of a work holds the start of its owner's uid: `<owner>-<uid8>-<part>-p<placement>`. */
async function needOwner({ client }: Cluster, { namespace, name }: JobName): Promise<void> {
  const start = /-([0-9a-f]{8})-(?:part|router|eval|e\d{3})-p\d+$/.exec(name)?.[1];
  const owners = [
    ...(await client.list(ExpertTrainingKind, { namespace })).items,
    ...(await client.list(ExpertDatasetKind, { namespace })).items,
  ];
  if (start !== undefined && owners.some(({ metadata }) => uid8(metadata.uid ?? '') === start)) return;
  throw new CommandFailure(
    `cannot adopt ${namespace}/${name}: the training or data set that it is of is gone, and one that is made again is another one; atoll island forget has the island stop it`,
  );
}

/** What the hub has made again under this name is adopted by itself, on this island; one elsewhere is the work that counts now. */
async function needRoom({ client }: Cluster, island: ComputeIsland, { namespace, name }: JobName): Promise<void> {
  const made = await client.get(IslandJobKind, { namespace, name });
  if (!made) return;
  const { name: here } = island.metadata;
  const why =
    made.spec.island === here
      ? `the hub has made it again, with a spec that differs from the one that ${here} runs`
      : `the hub has made it again on ${made.spec.island}`;
  throw new CommandFailure(`cannot adopt ${namespace}/${name}: ${why}; atoll island forget has ${here} stop what it holds`);
}

/** Adds to one list and takes away from the other; what is not unknown any more leaves both. */
async function mark(cluster: Cluster, island: ComputeIsland, to: Mark, from: Mark, named: readonly JobName[]): Promise<void> {
  const unknown = new Set((island.status?.unknownJobs ?? []).map(({ uid }) => uid));
  const chosen = new Set(named.map(({ uid }) => uid));
  const kept = (one: Mark) => marked(island, one).filter(({ uid }) => unknown.has(uid) && !chosen.has(uid));
  const annotations = {
    [islandAnnotations[to]]: markText([...kept(to), ...named]),
    [islandAnnotations[from]]: markText(kept(from)),
  };
  const { resourceVersion } = island.metadata;
  await patchObject(cluster, ComputeIslandKind, island, { metadata: { resourceVersion, annotations } });
}
