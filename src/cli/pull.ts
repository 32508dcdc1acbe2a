/** `atoll pull`: the ensemble of a run, every digest verified while it is downloaded. */
import { join } from 'node:path';
import type { ExpertTraining } from '../api/experttraining.ts';
import { readManifest } from '../store/manifests.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { withScope } from './cluster.ts';
import { download, type Part } from './download.ts';
import { needRun } from './run.ts';
import { openStore, storeHelp, storeOptions } from './store.ts';
import { type Call, CommandFailure, CommandLineError, scopeHelp, scopeOptions, type Verb } from './verb.ts';

const help = `Usage: atoll pull RUN DIR [options]

Brings the ensemble of a complete run into DIR: ensemble/ with its manifest, metrics and pictures, experts/NNN/ and router/ with
their weights. The manifest must have the digest that stands in the run, each part that of the manifest that names it, and each file
its own; files appear under their names only then. What an interrupted call has brought is gone on with. Exit code 4, naming the
object, when one is not what its manifest says.

Options:
  --only PART         only this part: ensemble, router, experts, or an expert such as expert-003; may be given more than once
${storeHelp}
${scopeHelp}

Examples:
  atoll pull digits ./digits
  atoll pull @latest ./digits --only ensemble
  AWS_ACCESS_KEY_ID=... AWS_SECRET_ACCESS_KEY=... atoll pull digits ./digits --endpoint https://s3.example.org
`;

export const pull: Verb = {
  summary: 'bring the ensemble of a run here, every digest verified',
  help,
  options: { ...scopeOptions, ...storeOptions, only: { type: 'string', multiple: true } },
  word: 'run',
  tidies: true,
  run(call) {
    const [word, dir, ...more] = call.words;
    if (word === undefined) throw new CommandLineError('name of the run is missing');
    if (dir === undefined) throw new CommandLineError('directory is missing');
    if (more.length > 0) throw new CommandLineError(`a run and a directory are expected, and there is more: ${more.join(' ')}`);
    return withScope(call, async (scope) => {
      const run = await needRun(scope, word);
      const store = await openStore(call, scope, run.spec.storage.store);
      await download(call, store, await partsOf(call, store, run, dir));
      call.io.out(`Ensemble ${run.status?.ensemble?.digest} of run ${run.metadata.name} is in ${dir}.\n`);
      call.next(`atoll report ${run.metadata.name} > ${join(dir, 'report.md')}`, 'keep what is known about it beside it');
      return 0;
    });
  },
};

/** Every part by the chain of digests that begins in the run's status. */
async function partsOf(call: Call, store: ObjectStore, run: ExpertTraining, dir: string): Promise<Part[]> {
  const { name } = run.metadata;
  const ensemble = run.status?.ensemble;
  if (!ensemble) {
    const state = run.status?.state ?? 'Pending';
    const hint = run.spec.evaluation
      ? `it is ${state}; atoll wait ${name} returns when it is Complete`
      : `its spec asks for no evaluation, which makes the ensemble; atoll checkpoints pull ${name} -e N brings one expert`;
    throw new CommandFailure(`cannot pull run ${name}: it has no ensemble yet: ${hint}`);
  }
  const root = await readManifest(store, ensemble.manifest, ensemble.digest, call.signal);
  const parts: Part[] = [{ title: 'ensemble', manifest: root, folder: join(dir, 'ensemble') }];
  for (const input of root.content.inputs) {
    const folder = folderOf(input.name);
    if (folder === undefined) continue;
    const manifest = await readManifest(store, input.manifest, input.digest, call.signal);
    parts.push({ title: input.name, manifest, folder: join(dir, folder) });
  }
  return chosen(call.texts('only'), parts);
}

/** Of what the evaluation read, the data set is not part of the ensemble. */
function folderOf(input: string): string | undefined {
  const expert = /^expert-(\d{3})$/.exec(input)?.[1];
  return expert !== undefined ? join('experts', expert) : input === 'router' ? 'router' : undefined;
}

function chosen(only: readonly string[], parts: readonly Part[]): Part[] {
  const matches = (title: string, word: string) => title === word || (word === 'experts' && title.startsWith('expert-'));
  for (const word of only)
    if (!parts.some(({ title }) => matches(title, word)))
      throw new CommandLineError(`--only "${word}" is not one of experts, ${parts.map(({ title }) => title).join(', ')}`);
  return parts.filter(({ title }) => only.length === 0 || only.some((word) => matches(title, word)));
}
