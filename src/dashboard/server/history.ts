/** Handlers of runs that left something in the bucket, whether or not their objects are still there. */

import { emptyHistory } from '../../api/history.ts';
import { uid8, workPrefix } from '../../api/keys.ts';
import { inParallel } from '../../store/parallel.ts';
import type { WorkName } from '../view/common.ts';
import { lineageOfPast, lineageView } from '../view/of/lineage.ts';
import { expertName, indexOf } from '../view/of/work.ts';
import type { HistoryRow, HistoryView } from '../view/run.ts';
import { type Bucket, publishedCheckpoints } from './bucket.ts';
import type { Call } from './call.ts';
import type { Checks } from './checks.ts';
import type { DashboardContext } from './context.ts';
import { curveView, storedHistory } from './curves.ts';
import type { Buckets } from './find.ts';
import { badRequest, notFound } from './problem.ts';
import { json, type Reply } from './reply.ts';

const prefixPattern = /^([A-Za-z0-9_.=@-]+\/)*$/;
/** Objects looked at for one list. */
const mostListed = 20_000;
const mostRuns = 500;

export function historyHandlers({ objects, historyPrefixes }: DashboardContext, buckets: Buckets, checks: Checks) {
  /** Where to look: as asked, else where runs of the namespace publish, and where they usually do. */
  function places(namespace: string, { query }: Call): { store: string; prefix: string; bucket: Bucket }[] {
    const [store, prefix] = [query.get('store'), query.get('prefix')];
    if (prefix !== undefined && (!prefixPattern.test(prefix) || prefix.split('/').includes('..')))
      throw badRequest('prefix must be empty or end with "/", of letters, digits, "_", ".", "=", "@" and "-"', 'prefix');
    if (store !== undefined && !buckets.get(store))
      throw badRequest(`store must be one of ${buckets.names().join(', ')}`, 'store');
    const known = objects.runs.store.list().filter(({ metadata }) => metadata.namespace === namespace);
    const all = [
      ...known.map(({ spec }) => spec.storage),
      ...buckets.names().flatMap((name) => historyPrefixes.map((one) => ({ store: name, prefix: one }))),
    ];
    const chosen =
      prefix === undefined ? all : [...new Set(all.map((one) => one.store))].map((name) => ({ store: name, prefix }));
    const unique = new Map(chosen.map((one) => [`${one.store} ${one.prefix}`, one]));
    return [...unique.values()].flatMap((one) => {
      const bucket = buckets.get(one.store);
      return bucket && (store === undefined || one.store === store) ? [{ ...one, bucket }] : [];
    });
  }

  /** The namespace is part of every key that is asked for: it is what the user was found to have the right in. */
  async function find(call: Call): Promise<{ row: HistoryRow; base: string; bucket: Bucket; owner: Owner }> {
    const { namespace = '', run = '' } = call.params;
    const [name = '', short = ''] = run.split('.');
    for (const { store, prefix, bucket } of places(namespace, call)) {
      const base = `${prefix}${namespace}.${name}.${short}/`;
      for await (const _ of bucket.store.list(base, { signal: call.signal })) {
        const exists = uid8(objects.runs.store.get({ namespace, name })?.metadata.uid ?? '') === short;
        return {
          row: { namespace, name, uid8: short, store, prefix, exists },
          base,
          bucket,
          owner: { namespace, name, uid: short },
        };
      }
    }
    throw notFound(`anything that ${namespace}/${name} has left in the bucket`);
  }

  return {
    async history(call: Call): Promise<Reply> {
      const { namespace = '' } = call.params;
      const rows = new Map<string, HistoryRow>();
      for (const { store, prefix, bucket } of places(namespace, call)) {
        let listed = 0;
        for await (const { key } of bucket.store.list(`${prefix}${namespace}.`, { signal: call.signal })) {
          if (++listed > mostListed || rows.size >= mostRuns) break;
          const folder = key.slice(prefix.length).split('/')[0] ?? '';
          const match = /^([a-z0-9][-a-z0-9]*)\.([a-z0-9][-a-z0-9]*)\.([0-9a-f]{8})$/.exec(folder);
          // Data sets have no experts.
          if (match?.[1] !== namespace || !/\/(experts|router|ensemble)\//.test(key)) continue;
          const [, , name = '', short = ''] = match;
          const exists = uid8(objects.runs.store.get({ namespace, name })?.metadata.uid ?? '') === short;
          rows.set(`${store} ${prefix}${folder}`, { namespace, name, uid8: short, store, prefix, exists });
        }
      }
      return json([...rows.values()].toSorted((a, b) => a.name.localeCompare(b.name) || a.uid8.localeCompare(b.uid8)));
    },

    async historyRun(call: Call): Promise<Reply> {
      const { row, base, bucket, owner } = await find(call);
      const folders = new Set<string>();
      let listed = 0;
      for await (const { key } of bucket.store.list(base, { signal: call.signal })) {
        if (++listed > mostListed) break;
        const folder = /^(experts\/[0-9]{3}|router|ensemble)\//.exec(key.slice(base.length))?.[1];
        if (folder !== undefined) folders.add(folder);
      }
      const works = await inParallel(
        [...folders].toSorted((a, b) => order(a) - order(b) || (a < b ? -1 : 1)),
        4,
        async (folder) => {
          const work = workOf(folder);
          const prefix = prefixOf(row.prefix, owner, work);
          const { checkpoints, unread } = await publishedCheckpoints(bucket, prefix, call.signal);
          const [newest] = checkpoints;
          const [first] = unread;
          const gap = first && { work, manifests: unread.length, why: first.why };
          if (newest === undefined) return { gap };
          const { step, final, manifest } = newest;
          const { content } = await bucket.manifest(manifest, newest.digest, call.signal);
          const left = { work, step, final, manifest, checkpoints };
          return { left, made: { ...newest, work, inputs: content.inputs }, gap };
        },
      );
      const graph = lineageOfPast(works.flatMap(({ made }) => made ?? []));
      const checked = await inParallel(graph.nodes, 4, async ({ id, manifest = '', digest = '' }) => {
        return [id, await checks.of(row.store, manifest, digest)] as const;
      });
      const view: HistoryView = {
        row,
        works: works.flatMap(({ left }) => left ?? []),
        unread: works.flatMap(({ gap }) => gap ?? []),
        lineage: lineageView(graph, new Map(checked), undefined),
      };
      return json(view);
    },

    async historyCurve(call: Call): Promise<Reply> {
      const { row, bucket, owner } = await find(call);
      const work = call.params['work'] as WorkName;
      const { file, gap } = await storedHistory(bucket, prefixOf(row.prefix, owner, work), call.signal);
      return json(curveView(work, file ?? emptyHistory(), 'stored', gap));
    },
  };
}

/** Experts, then the router, then the evaluation, as they are made. */
const order = (folder: string): number => ['experts', 'router', 'ensemble'].indexOf(folder.split('/')[0] ?? '');

interface Owner {
  namespace: string;
  name: string;
  /** Its first eight digits are all that a key holds. */
  uid: string;
}

function workOf(folder: string): WorkName {
  if (folder === 'router') return 'router';
  return folder === 'ensemble' ? 'evaluation' : expertName(Number(folder.slice('experts/'.length)));
}

function prefixOf(prefix: string, owner: Owner, work: WorkName): string {
  const index = indexOf(work);
  if (index !== undefined) return workPrefix(prefix, owner, 'Expert', index);
  return workPrefix(prefix, owner, work === 'router' ? 'Router' : 'Evaluate');
}
