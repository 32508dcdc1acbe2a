/** What a run that was deleted has left in its bucket, as a page of Markdown: manifests, and the history beside the newest checkpoints. */
import type { HistoryFile } from '../api/history.ts';
import { type Owner, ownerPrefix, workPrefix } from '../api/keys.ts';
import { timestamp } from '../clock.ts';
import { createBucket } from '../dashboard/server/bucket.ts';
import { storedHistory } from '../dashboard/server/curves.ts';
import { sizeText } from '../hub/partition.ts';
import { bytesOf } from '../store/manifests.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { type Published, publishedBelow } from './checkpoints/found.ts';
import type { Scope } from './cluster.ts';
import { code, markdownTable } from './markdown.ts';
import { openStore } from './store.ts';
import { type Call, CommandFailure } from './verb.ts';

export async function remainsPage(call: Call, scope: Scope, word: string): Promise<string> {
  const { signal, clock, version } = call;
  const store = await openStore(call, scope, call.text('store') ?? 'default');
  const prefix = call.text('prefix') ?? 'atoll/';
  const owner = await ownerOf(call, store, prefix, scope.namespace, word);
  const published = await publishedBelow(store, { owner, prefix }, new Map(), undefined, signal);
  const works = [...Map.groupBy(published, ({ work }) => work)].map(([work, all]) => ({
    work,
    all,
    newest: all.at(-1) as Published,
  }));
  const ensemble = works.find(({ work }) => work === 'ensemble')?.newest;
  const parts = new Set(ensemble?.final ? ensemble.found?.content.inputs.map(({ digest }) => digest) : []);
  const bucket = createBucket(store);
  const rows: string[][] = [];
  for (const { work, all, newest } of works) {
    // The newest of all may not be the one that counts: of an expert that was made again both finals are there.
    const counts = all.find(({ found }) => found && parts.has(found.digest)) ?? newest;
    const { file } = await storedHistory(bucket, prefixOf(prefix, owner, newest), signal);
    rows.push([work, stateOf(counts, parts), ...attemptCells(counts), ...historyCells(file), code(counts.found?.digest)]);
  }
  const metrics = Object.entries(ensemble?.found?.content.metrics ?? {}).map(([name, value]) => [name, String(value)]);
  return `${[
    `# ${owner.namespace}/${owner.name}, from its bucket`,
    `What ${code(ownerPrefix(prefix, owner))} of bucket ${store.bucket} holds; placements, islands and failures went with the objects of the run.`,
    '## Works',
    markdownTable(
      ['Work', 'State', 'Attempt', 'Step', 'Size', 'Loss', 'First report', 'Last report', 'Attempts', 'Digest'],
      rows,
    ),
    ...(metrics.length === 0 ? [] : ['## Metrics of the ensemble', markdownTable(['Metric', 'Value'], metrics)]),
    `Written ${timestamp(clock.now())} by atoll ${version}.`,
  ].join('\n\n')}\n`;
}

/** The one run of this name that has left something; a failure that names all when there are several, or those of other names. */
async function ownerOf(call: Call, store: ObjectStore, prefix: string, namespace: string, word: string): Promise<Owner> {
  const found = new Map<string, Owner>();
  for await (const { key } of store.list(`${prefix}${namespace}.`, { signal: call.signal })) {
    const folder = key.slice(prefix.length).split('/', 1)[0] ?? '';
    const [, name, uid] = /^[^.]+\.([^.]+)\.([0-9a-f]{8})$/.exec(folder) ?? [];
    // Data sets have no experts.
    if (name !== undefined && uid !== undefined && /\/(experts|router|ensemble)\//.test(key))
      found.set(`${name}.${uid}`, { namespace, name, uid });
  }
  const own = [...found].filter(([whole, { name }]) => whole === word || name === word);
  const [first] = own;
  if (first && own.length === 1) return first[1];
  const where = `${prefix} of bucket ${store.bucket}`;
  const all = [...found.keys()].slice(0, 20).join(', ');
  if (first)
    throw new CommandFailure(
      `several runs ${word} have left something in ${where}: name one of ${own.map(([one]) => one).join(', ')}`,
    );
  throw new CommandFailure(
    `cannot find what a run ${word} of namespace ${namespace} has left in ${where}: ${all === '' ? 'nobody has left anything there; see --prefix and --store' : `there are ${all}`}`,
  );
}

function prefixOf(prefix: string, owner: Owner, { work, index }: Published): string {
  if (index !== undefined) return workPrefix(prefix, owner, 'Expert', index);
  return workPrefix(prefix, owner, work === 'router' ? 'Router' : 'Evaluate');
}

function stateOf({ found, why, final }: Published, parts: ReadonlySet<string>): string {
  if (!found) return `damaged: ${why ?? 'it cannot be read'}`;
  if (parts.has(found.digest)) return 'in the ensemble';
  return final ? 'final' : 'checkpoint';
}

function attemptCells({ placement, attempt, found }: Published): string[] {
  return [`p${placement}a${attempt}`, ...(found ? [String(found.content.step), sizeText(bytesOf(found.content))] : ['', ''])];
}

/** Empty cells where no history is beside the checkpoints. */
function historyCells(file: HistoryFile | undefined): string[] {
  const at = file?.points.at ?? [];
  const [first, last] = [at[0], at.at(-1)];
  if (!file || first === undefined || last === undefined) return ['', '', '', ''];
  const loss = file.points.low.findLast((value) => value !== null);
  return [loss === undefined ? '' : String(loss), timestamp(first), timestamp(last), String(file.attempts.length)];
}
