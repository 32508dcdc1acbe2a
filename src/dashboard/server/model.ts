/**
 * Keeps the rows of everything in step with the informers and with live progress. Changes only mark what is to be looked at again; rows are
 * made when somebody looks (`refresh`), so that a dashboard nobody has open costs next to nothing.
 */
import type { IslandJob } from '../../api/islandjob.ts';
import type { Progress } from '../../api/work.ts';
import type { Clock } from '../../clock.ts';
import type { Change } from '../../kube/store.ts';
import { datasetRow } from '../view/of/dataset.ts';
import type { Facts } from '../view/of/facts.ts';
import { islandRow, silentSince } from '../view/of/island.ts';
import { projectRun } from '../view/of/run.ts';
import type { Objects } from './objects.ts';
import { createTables, type Tables } from './tables.ts';

export interface Model {
  readonly tables: Tables;
  /** Brings the tables up to date. Synchronous, and quick when little has changed. */
  refresh(): void;
  facts(): Facts;
  /** Namespaces in which there are runs or data sets. */
  namespaces(): Set<string>;
  /** Since when the API server has not been heard, in milliseconds since the epoch; undefined while it is. */
  staleSince(): number | undefined;
}

export interface ModelOptions {
  objects: Objects;
  clock: Clock;
  /** Live progress by the uid of an IslandJob. */
  progress: (jobUid: string) => Progress | undefined;
}

const runningJob = new Set(['Starting', 'Running', 'Publishing', 'Stopping']);
/** A bookmark comes every minute. */
const staleMs = 120_000;

export function createModel({ objects, clock, progress }: ModelOptions): Model {
  const tables = createTables();
  const dirty = { runs: new Set<string>(), datasets: new Set<string>(), islands: new Set<string>() };
  /** Ids of the works of each run that are in the table. */
  const worksOf = new Map<string, Set<string>>();
  /** When the newest live progress of each running IslandJob was reported. */
  const heard = new Map<string, string>();
  const running = new Map<string, IslandJob>();
  const key = (namespace: string | undefined, name: string) => `${namespace ?? ''}/${name}`;

  objects.runs.onChange(({ object: { metadata } }) => void dirty.runs.add(key(metadata.namespace, metadata.name)));
  objects.shards.onChange(({ object: { metadata, spec } }) => void dirty.runs.add(key(metadata.namespace, spec.training)));
  objects.jobs.onChange((change) => {
    const { metadata, spec, status } = change.object;
    const owner = key(metadata.namespace, spec.work.owner.name);
    if (spec.work.owner.kind === 'ExpertTraining') dirty.runs.add(owner);
    const uid = metadata.uid ?? '';
    if (change.type !== 'delete' && runningJob.has(status?.state ?? '')) running.set(uid, change.object);
    else {
      running.delete(uid);
      heard.delete(uid);
    }
  });
  objects.datasets.onChange(({ object: { metadata } }) => {
    const { namespace = '', name } = metadata;
    dirty.datasets.add(key(namespace, name));
    for (const run of objects.runsOn(namespace, name)) dirty.runs.add(key(namespace, run.metadata.name));
  });
  objects.islands.onChange((change) => {
    const { name } = change.object.metadata;
    dirty.islands.add(name);
    if (silenceChanged(change))
      for (const row of tables.rows('works')) if (islandOf(row.row) === name) dirty.runs.add(row.run ?? '');
  });

  const facts = (): Facts => ({
    now: clock.now(),
    progress,
    silentSince(name) {
      const island = objects.islands.store.get({ name });
      return island && silentSince(island);
    },
  });

  /** Live progress tells nobody; whoever looks compares. */
  function hear(): void {
    for (const [uid, { metadata, spec }] of running) {
      const now = progress(uid);
      const mark = now && `${now.at} ${now.step}`;
      if (mark === undefined || heard.get(uid) === mark) continue;
      heard.set(uid, mark);
      if (spec.work.owner.kind === 'ExpertTraining') dirty.runs.add(key(metadata.namespace, spec.work.owner.name));
    }
  }

  function refreshRun(id: string): void {
    const [namespace = '', name = ''] = id.split('/');
    const source = objects.run(namespace, name);
    const before = worksOf.get(id) ?? new Set<string>();
    if (!source) {
      for (const work of before) tables.remove('works', work);
      worksOf.delete(id);
      return tables.remove('runs', id);
    }
    const { row, experts, parts } = projectRun(source, facts());
    const now = new Set<string>();
    for (const work of [...experts, ...parts]) {
      now.add(work.id);
      tables.put('works', { id: work.id, namespace, run: id, row: work });
    }
    for (const work of before) if (!now.has(work)) tables.remove('works', work);
    worksOf.set(id, now);
    tables.put('runs', { id, namespace, row });
  }

  return {
    tables,
    facts,
    refresh() {
      hear();
      for (const id of dirty.runs) refreshRun(id);
      for (const id of dirty.datasets) {
        const [namespace = '', name = ''] = id.split('/');
        const dataset = objects.datasets.store.get({ namespace, name });
        if (dataset) tables.put('datasets', { id, namespace, row: datasetRow(dataset) });
        else tables.remove('datasets', id);
      }
      for (const name of dirty.islands) {
        const island = objects.islands.store.get({ name });
        if (island) tables.put('islands', { id: name, namespace: '', row: islandRow(island) });
        else tables.remove('islands', name);
      }
      for (const set of Object.values(dirty)) set.clear();
    },
    namespaces() {
      const all = [...objects.runs.store.list(), ...objects.datasets.store.list()];
      return new Set(all.map(({ metadata }) => metadata.namespace ?? ''));
    },
    staleSince() {
      const silent = Math.max(...[objects.runs, objects.shards, objects.jobs].map((informer) => informer.silentMs()));
      return silent > staleMs ? clock.now() - silent : undefined;
    },
  };
}

function islandOf(row: object): unknown {
  return 'island' in row ? row.island : undefined;
}

function silenceChanged(change: Change<Parameters<typeof silentSince>[0]>): boolean {
  return change.type !== 'update' || silentSince(change.object) !== silentSince(change.old);
}
