/** `atoll get`: the objects of a kind as a table, or for programs. */
import { ComputeIslandKind } from '../api/computeisland.ts';
import { ExpertDatasetKind } from '../api/expertdataset.ts';
import { ExpertShardKind } from '../api/expertshard.ts';
import { ExpertTrainingKind } from '../api/experttraining.ts';
import { IslandJobKind } from '../api/islandjob.ts';
import type { KindInfo } from '../api/kind.ts';
import { labels } from '../api/labels.ts';
import { type KubeObject, keyString } from '../kube/types.ts';
import { instead, type Scope, withScope } from './cluster.ts';
import { tableOf } from './columns.ts';
import { nearest } from './nearest.ts';
import { type Format, formatOf, forPrograms, outputOptions } from './output.ts';
import { painter } from './paint.ts';
import { needRun } from './run.ts';
import { table } from './table.ts';
import { type Call, CommandFailure, CommandLineError, scopeHelp, scopeOptions, type Verb } from './verb.ts';

/** The words of people for the kinds; the kinds' own names are understood too. */
export const nouns: readonly { words: readonly string[]; kind: KindInfo }[] = [
  { words: ['runs', 'run', 'trainings'], kind: ExpertTrainingKind },
  { words: ['experts', 'expert', 'shards'], kind: ExpertShardKind },
  { words: ['datasets', 'dataset'], kind: ExpertDatasetKind },
  { words: ['jobs', 'job'], kind: IslandJobKind },
  { words: ['islands', 'island'], kind: ComputeIslandKind },
];

const help = `Usage: atoll get KIND [NAME...] [options]

Lists objects. KIND is runs, experts, datasets, jobs or islands, or a name that kubectl knows, such as et.

Options:
  -A, --all-namespaces  of every namespace
  -r, --run RUN       only experts and jobs of this run
  -o, --output FORMAT wide, json, yaml or name
${scopeHelp}

Examples:
  atoll get runs -A
  atoll get experts --run digits -o wide
  atoll get jobs -o name
  atoll get run @latest -o yaml
`;

export const get: Verb = {
  summary: 'list runs, experts, data sets, jobs or islands',
  help,
  options: {
    ...scopeOptions,
    ...outputOptions,
    'all-namespaces': { type: 'boolean', short: 'A' },
    run: { type: 'string', short: 'r' },
  },
  word: 'kind',
  run(call) {
    const [word, ...names] = call.words;
    if (word === undefined) throw new CommandLineError('the kind is missing: runs, experts, datasets, jobs or islands');
    const kind = kindOf(word);
    const format = formatOf(call);
    const everywhere = call.on('all-namespaces') && kind.namespaced;
    if (everywhere && names.length > 0) throw new CommandLineError('names need one namespace: leave out -A, or the names');
    return withScope(call, async (scope) => {
      const objects = await select(call, scope, kind, names, everywhere);
      print(call, kind, objects, { format, single: names.length === 1, everywhere, namespace: scope.namespace });
      return 0;
    });
  },
};

function kindOf(word: string): KindInfo {
  const all = nouns.map(({ words, kind }) => ({ kind, words: [...words, kind.plural, kind.singular, ...kind.shortNames] }));
  const found = all.find(({ words }) => words.includes(word.toLowerCase()));
  if (found) return found.kind;
  const near = nearest(
    word.toLowerCase(),
    all.flatMap(({ words }) => words),
  );
  throw new CommandLineError(
    `there is no kind "${word}"${near === undefined ? '' : `; did you mean ${near}?`} It is one of ${nouns.map(({ words }) => words[0]).join(', ')}`,
  );
}

async function select(
  call: Call,
  scope: Scope,
  kind: KindInfo,
  names: readonly string[],
  everywhere: boolean,
): Promise<KubeObject[]> {
  const where = kind.namespaced && !everywhere ? { namespace: scope.namespace } : {};
  const run = call.text('run');
  if (run !== undefined && ![ExpertShardKind.kind, IslandJobKind.kind].includes(kind.kind))
    throw new CommandLineError(`--run is for experts and jobs, not for ${kind.plural}`);
  if (kind.kind === ExpertTrainingKind.kind && names.length === 1 && names[0] === '@latest')
    return [await needRun(scope, '@latest')];
  const of = run === undefined ? undefined : await needRun(scope, run);
  const labelSelector = of && { labelSelector: `${labels.trainingUid}=${of.metadata.uid}` };
  const { items } = await scope.client.list(kind, { ...where, ...labelSelector });
  const sorted = items.toSorted((a, b) => keyString(a.metadata).localeCompare(keyString(b.metadata), 'en', { numeric: true }));
  if (names.length === 0) return sorted;
  return names.map((name) => {
    const found = sorted.find(({ metadata }) => metadata.name === name);
    if (found) return found;
    const there = sorted.map(({ metadata }) => metadata.name);
    throw new CommandFailure(
      `cannot find ${kind.singular} ${name}${kind.namespaced ? ` in namespace ${scope.namespace}` : ''}: ${instead(name, there)}`,
    );
  });
}

function print(
  call: Call,
  kind: KindInfo,
  objects: readonly KubeObject[],
  how: { format: Format; single: boolean; everywhere: boolean; namespace: string },
): void {
  const { io, clock } = call;
  const { format, everywhere } = how;
  const text = forPrograms(format, objects, kind, how.single);
  if (text !== undefined) return io.out(text);
  if (objects.length === 0) {
    const place = !kind.namespaced || everywhere ? '' : ` in namespace ${how.namespace}; -A looks in all`;
    return io.err(`There are no ${kind.plural}${place}.\n`);
  }
  const { head, rows } = tableOf(kind, objects, { wide: format === 'wide', everywhere, now: clock.now() });
  io.out(table(head, rows, painter(io)));
  const [first] = objects;
  const { name, namespace } = first?.metadata ?? { name: '' };
  if (kind.kind === ExpertTrainingKind.kind)
    call.next(`atoll explain ${name}${everywhere ? ` -n ${namespace}` : ''}`, 'why it stands where it does');
}
