/** `atoll island adopt` and `forget`: what becomes of works that an island holds and the hub does not know. */
import type { ComputeIsland } from '../../api/computeisland.ts';
import { ExpertDatasetKind } from '../../api/expertdataset.ts';
import { ExpertTrainingKind } from '../../api/experttraining.ts';
import type { JobName } from '../../api/islandreport.ts';
import { uid8 } from '../../api/keys.ts';
import { islandAnnotations } from '../../api/labels.ts';
import { keyString } from '../../kube/types.ts';
import { type Cluster, needIsland, patchIsland, withCluster } from '../cluster.ts';
import { count, some } from '../table.ts';
import { type Call, CommandFailure, CommandLineError, clusterHelp, clusterOptions, type Verb } from '../verb.ts';

const jobs = `
JOB is NAMESPACE/NAME or the uid of a work in status.unknownJobs of the ComputeIsland; --all means all of them.

Options:
  --all               every work that the hub does not know
${clusterHelp}
`;

export const adopt: Verb = {
  summary: 'take works back that the hub does not know any more',
  help: `Usage: atoll island adopt NAME JOB...

The hub makes these works again, under the same names and on the same island, and the island goes on with what it holds. That needs
their training or data set: of one that is gone, nothing can be adopted.
${jobs}`,
  options: { ...clusterOptions, all: { type: 'boolean' } },
  run: (call) =>
    decide(call, async (cluster, island, named) => {
      for (const job of named) await needOwner(cluster, job);
      await mark(cluster, island, islandAnnotations.adopt, islandAnnotations.forget, named);
      call.io.out(`${count(named.length, 'work')} of ${island.metadata.name} to be adopted: the hub makes them again there.\n`);
    }),
};

export const forget: Verb = {
  summary: 'have works stopped that the hub does not know any more',
  help: `Usage: atoll island forget NAME JOB...

The island stops these works and removes them. What they have published stays in the store.
${jobs}`,
  options: { ...clusterOptions, all: { type: 'boolean' } },
  run: (call) =>
    decide(call, async (cluster, island, named) => {
      await mark(cluster, island, islandAnnotations.forget, islandAnnotations.adopt, named);
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

/** Adds to one list and takes away from the other; what is not unknown any more leaves both. */
async function mark(cluster: Cluster, island: ComputeIsland, to: string, from: string, named: readonly JobName[]): Promise<void> {
  const text = ({ namespace, name, uid }: JobName) => `${namespace}/${name}/${uid}`;
  const unknown = new Set((island.status?.unknownJobs ?? []).map(text));
  const list = (key: string) => (island.metadata.annotations?.[key] ?? '').split(',').filter((entry) => unknown.has(entry));
  const wanted = new Set([...list(to), ...named.map(text)]);
  const rest = list(from).filter((entry) => !wanted.has(entry));
  const annotations = { [to]: [...wanted].join(','), [from]: rest.length === 0 ? null : rest.join(',') };
  const { resourceVersion } = island.metadata;
  await patchIsland(cluster, island, { metadata: { resourceVersion, annotations } });
}
