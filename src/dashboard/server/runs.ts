/** Handlers of runs and their works: lists from the rows, views from the objects. */
import { type Event, events as eventKind } from '../../kube/core.ts';
import type { EventView, Page } from '../view/common.ts';
import { projectRun } from '../view/of/run.ts';
import type { RunAnswer, RunMay, RunRow } from '../view/run.ts';
import type { WorkRow } from '../view/work.ts';
import { type Call, rights } from './call.ts';
import { asUser } from './caller.ts';
import type { DashboardContext } from './context.ts';
import { needRun } from './find.ts';
import { nameOf, oneOf, wholeOf } from './match.ts';
import { badRequest } from './problem.ts';
import { json, type Reply } from './reply.ts';
import type { TableName } from './tables.ts';

const mostRows = 1000;

/** Rows of the namespaces in which the user has the right, filtered, in order, and one part of them. */
export async function pageOf<Row>(
  { model }: DashboardContext,
  { query, access }: Call,
  table: TableName,
  right: (typeof rights)['listRuns'] | (typeof rights)['listDatasets'],
  keep: (row: Row) => boolean,
  order?: (a: Row, b: Row) => number,
): Promise<Page<Row>> {
  const [offset = 0, limit = 500] = [wholeOf(query, 'offset', 0, 1_000_000), wholeOf(query, 'limit', 1, mostRows)];
  const wanted = nameOf(query, 'namespace');
  model.refresh();
  const readable = await access.among(right, wanted === undefined ? model.namespaces() : [wanted]);
  const rows: Row[] = [];
  for (const { namespace, row } of model.tables.rows(table))
    if (readable.has(namespace) && keep(row as Row)) rows.push(row as Row);
  const sorted = order ? rows.toSorted(order) : rows;
  const part = sorted.slice(offset, offset + limit);
  return { rows: part, total: rows.length, ...(offset + limit < rows.length ? { next: offset + limit } : {}) };
}

const orders: Readonly<Record<string, (a: RunRow, b: RunRow) => number>> = {
  name: (a, b) => (a.id < b.id ? -1 : 1),
  state: (a, b) => a.state.localeCompare(b.state) || (a.id < b.id ? -1 : 1),
  created: (a, b) => a.createdAt.localeCompare(b.createdAt) || (a.id < b.id ? -1 : 1),
  progress: (a, b) => (a.progress ?? -1) - (b.progress ?? -1) || (a.id < b.id ? -1 : 1),
};

export function runHandlers(context: DashboardContext) {
  return {
    async runs(call: Call): Promise<Reply> {
      const { query } = call;
      const text = query.get('q')?.toLowerCase();
      const state = query.get('state');
      const sort =
        oneOf(
          query,
          'sort',
          Object.keys(orders).flatMap((name) => [name, `-${name}`]),
        ) ?? '-created';
      const by = orders[sort.replace('-', '')] ?? orders['name'];
      if (!by) throw badRequest('sort is not known', 'sort');
      const order = sort.startsWith('-') ? (a: RunRow, b: RunRow) => by(b, a) : by;
      const keep = (row: RunRow) =>
        (state === undefined || row.state === state) && (text === undefined || row.id.toLowerCase().includes(text));
      return json(await pageOf(context, call, 'runs', rights.listRuns, keep, order));
    },

    async works(call: Call): Promise<Reply> {
      const { query } = call;
      const [run, state, island] = [nameOf(query, 'run'), query.get('state'), nameOf(query, 'island')];
      const keep = (row: WorkRow) =>
        (run === undefined || row.run === run) &&
        (state === undefined || row.state === state) &&
        (island === undefined || row.island === island);
      const order = (a: WorkRow, b: WorkRow) => (a.id < b.id ? -1 : 1);
      return json(await pageOf(context, call, 'works', rights.listRuns, keep, order));
    },

    async run({ params, access }: Call): Promise<Reply> {
      const { experts, view } = projectRun(needRun(context, params), context.model.facts());
      const answer: RunAnswer = { run: view(await mayOf(access, params['namespace'] ?? '')), experts };
      return json(answer);
    },

    async spec({ params }: Call): Promise<Reply> {
      return json(needRun(context, params).training.spec);
    },

    /** With the user's own token: the dashboard itself may not read events. */
    async events({ params, caller, signal }: Call): Promise<Reply> {
      const { training, shards, jobs } = needRun(context, params);
      const uids = new Set([training, ...shards, ...jobs].map(({ metadata }) => metadata.uid));
      const { namespace = '' } = params;
      const { items } = await asUser(context.gatekeeper, caller, (client) =>
        client.list(eventKind, { namespace, limit: mostEvents, signal }),
      );
      const about = items.filter(({ regarding }) => uids.has(regarding?.uid)).map(eventView);
      return json(about.toSorted((a, b) => b.at.localeCompare(a.at)));
    },
  };
}

/** Read of a namespace at once; of those about the run all are shown. */
const mostEvents = 1000;

export async function mayOf(access: Call['access'], namespace: string): Promise<RunMay> {
  const may = await access.may({ ...rights.changeRuns, namespace });
  return { suspend: may, resume: may };
}

function eventView(event: Event): EventView {
  const { series, regarding } = event;
  return {
    at: series?.lastObservedTime ?? event.eventTime ?? event.deprecatedLastTimestamp ?? event.metadata.creationTimestamp ?? '',
    type: event.type === 'Warning' ? 'Warning' : 'Normal',
    reason: event.reason ?? '',
    note: event.note ?? '',
    about: `${regarding?.kind ?? ''} ${regarding?.name ?? ''}`.trim(),
    count: series?.count ?? event.deprecatedCount ?? 1,
  };
}
