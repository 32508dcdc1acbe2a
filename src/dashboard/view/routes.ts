/**
 * Every route of the dashboard: one table that the server serves, the page calls, and the test of rights goes through.
 *
 * Paths are relative to where the page was loaded from, so that a proxy may put it under any prefix. A right is what the API server is
 * asked by SubjectAccessReview about the signed-in user; `in: 'path'` is the namespace of the path, `in: 'each'` means that rows of
 * namespaces where the user lacks it are left out, `in: 'cluster'` is over the whole cluster. What is not in this table is 404 without a
 * look at the credentials, and a route without `rights` is not possible: it must say `open` or `signedIn`.
 */
import type { Done } from './actions.ts';
import type { EventView, Page } from './common.ts';
import type { CurveView } from './curve.ts';
import type { DatasetRow, DatasetView } from './dataset.ts';
import type { EnsembleView } from './ensemble.ts';
import type { IslandRow, IslandView } from './island.ts';
import type { LineageView } from './lineage.ts';
import type { HistoryRow, HistoryView, RunAnswer, RunRow } from './run.ts';
import type { SessionView } from './session.ts';
import type { WorkDetail, WorkRow } from './work.ts';

export interface Right {
  verb: 'get' | 'list' | 'patch';
  group: string;
  resource: string;
  subresource?: string;
  in: 'path' | 'each' | 'cluster';
}

export interface Route {
  method: 'GET' | 'POST' | 'DELETE';
  /** `:name` stands for one segment, percent-encoded. */
  path: string;
  /** `open`: anyone. `signedIn`: anyone whom the API server knows. Otherwise every right of the list. */
  rights: 'open' | 'signedIn' | readonly Right[];
  /** Query parameters that are known; any other is 400. */
  query?: readonly string[];
  /** JSON unless it says otherwise. */
  answers?: 'json' | 'text' | 'picture' | 'stream';
  /** Names of the fields that a JSON body may have; a POST without it takes an empty body or `{}`. */
  body?: readonly string[];
}

const atoll = (verb: Right['verb'], resource: string, where: Right['in'] = 'path'): Right => ({
  verb,
  group: 'atoll.dev',
  resource,
  in: where,
});
const readRun = [atoll('get', 'experttrainings')] as const;
const readData = [atoll('get', 'expertdatasets')] as const;
const changeRun = [atoll('get', 'experttrainings'), atoll('patch', 'experttrainings')] as const;
const podLog: Right = { verb: 'get', group: '', resource: 'pods', subresource: 'log', in: 'path' };

const run = 'api/namespaces/:namespace/runs/:run';
const work = `${run}/works/:work`;
const dataset = 'api/namespaces/:namespace/datasets/:dataset';
const history = 'api/namespaces/:namespace/history';

export const routes = {
  /** Whether the process serves: the word ok, and nothing else. */
  live: { method: 'GET', path: 'livez', rights: 'open', answers: 'text' },

  /** Body SignIn; answers SessionView and sets the cookie. 403 `NotAllowed` for a token that the API server does not know. */
  signIn: { method: 'POST', path: 'api/session', rights: 'open', body: ['token'] },
  /** Forgets the cookie; answers Done. */
  signOut: { method: 'DELETE', path: 'api/session', rights: 'signedIn' },
  session: { method: 'GET', path: 'api/session', rights: 'signedIn' },

  /** The one stream; see stream.ts. Rows as the rights of the lists below have them. */
  stream: { method: 'GET', path: 'api/stream', rights: 'signedIn', query: ['run', 'works'], answers: 'stream' },

  /** `sort` is name, state, created or progress, with a `-` in front for the other way round. */
  runs: {
    method: 'GET',
    path: 'api/runs',
    rights: [atoll('list', 'experttrainings', 'each')],
    query: ['namespace', 'state', 'q', 'sort', 'offset', 'limit'],
  },
  /** Works of all runs: up to 1,000 at a time. */
  works: {
    method: 'GET',
    path: 'api/works',
    rights: [atoll('list', 'experttrainings', 'each')],
    query: ['namespace', 'run', 'state', 'island', 'offset', 'limit'],
  },
  run: { method: 'GET', path: run, rights: readRun },
  /** Events of the run and of its works, newest first; read with the user's own token. */
  events: {
    method: 'GET',
    path: `${run}/events`,
    rights: [...readRun, { verb: 'list', group: 'events.k8s.io', resource: 'events', in: 'path' }],
  },
  lineage: { method: 'GET', path: `${run}/lineage`, rights: readRun },
  /** 404 until there is one. */
  ensemble: { method: 'GET', path: `${run}/ensemble`, rights: readRun },
  /** Picture of samples drawn by the ensemble, verified against its manifest. */
  grid: { method: 'GET', path: `${run}/ensemble/grid.png`, rights: readRun, answers: 'picture' },
  /** The resolved spec as the user wrote it and as it was defaulted: the ExpertTraining's spec, JSON. */
  spec: { method: 'GET', path: `${run}/spec`, rights: readRun },

  work: { method: 'GET', path: work, rights: readRun },
  curve: { method: 'GET', path: `${work}/curve`, rights: readRun },
  /**
   * Lines as text/plain, each ended by a line feed; with `follow=1` the answer goes on until the container ends or the reader leaves.
   * `container` is trainer (default), restore or courier; `tail` at most 10,000 lines (default 500). A log that ends early for a reason
   * ends with a line that begins with `[atoll] `.
   */
  log: {
    method: 'GET',
    path: `${work}/log`,
    rights: [...readRun, podLog],
    query: ['attempt', 'container', 'member', 'tail', 'follow'],
    answers: 'text',
  },

  suspend: { method: 'POST', path: `${run}/suspend`, rights: changeRun },
  resume: { method: 'POST', path: `${run}/resume`, rights: changeRun },
  retry: { method: 'POST', path: `${work}/retry`, rights: changeRun },
  /** Body MoveBody. */
  move: { method: 'POST', path: `${work}/move`, rights: changeRun, body: ['to'] },

  datasets: {
    method: 'GET',
    path: 'api/datasets',
    rights: [atoll('list', 'expertdatasets', 'each')],
    query: ['namespace', 'q', 'offset', 'limit'],
  },
  dataset: { method: 'GET', path: dataset, rights: readData },
  /** Picture of some samples of one shard. */
  thumbnail: { method: 'GET', path: `${dataset}/shards/:index/thumbnail.png`, rights: readData, answers: 'picture' },
  partitionLog: {
    method: 'GET',
    path: `${dataset}/log`,
    rights: [...readData, podLog],
    query: ['attempt', 'container', 'tail', 'follow'],
    answers: 'text',
  },
  /** Body ApproveBody. */
  approve: {
    method: 'POST',
    path: `${dataset}/approve`,
    rights: [atoll('get', 'expertdatasets'), atoll('patch', 'expertdatasets')],
    body: ['digest'],
  },

  islands: { method: 'GET', path: 'api/islands', rights: [atoll('list', 'computeislands', 'cluster')] },
  island: { method: 'GET', path: 'api/islands/:island', rights: [atoll('get', 'computeislands', 'cluster')] },
  cordon: {
    method: 'POST',
    path: 'api/islands/:island/cordon',
    rights: [atoll('get', 'computeislands', 'cluster'), atoll('patch', 'computeislands', 'cluster')],
  },
  uncordon: {
    method: 'POST',
    path: 'api/islands/:island/uncordon',
    rights: [atoll('get', 'computeislands', 'cluster'), atoll('patch', 'computeislands', 'cluster')],
  },

  /** Runs of the namespace that left something in the bucket, deleted ones too. */
  history: {
    method: 'GET',
    path: history,
    rights: [atoll('list', 'experttrainings')],
    query: ['store', 'prefix'],
  },
  /** `run` is `<name>.<uid8>` as HistoryRow has them. */
  historyRun: {
    method: 'GET',
    path: `${history}/:run`,
    rights: [atoll('list', 'experttrainings')],
    query: ['store', 'prefix'],
  },
  historyCurve: {
    method: 'GET',
    path: `${history}/:run/works/:work/curve`,
    rights: [atoll('list', 'experttrainings')],
    query: ['store', 'prefix'],
  },
} as const satisfies Record<string, Route>;

export type RouteName = keyof typeof routes;

/** The JSON that each route answers with; those that answer something else are left out. */
export interface Answers {
  signIn: SessionView;
  signOut: Done;
  session: SessionView;
  runs: Page<RunRow>;
  works: Page<WorkRow>;
  run: RunAnswer;
  events: EventView[];
  lineage: LineageView;
  ensemble: EnsembleView;
  spec: Record<string, unknown>;
  work: WorkDetail;
  curve: CurveView;
  suspend: Done;
  resume: Done;
  retry: Done;
  move: Done;
  datasets: Page<DatasetRow>;
  dataset: DatasetView;
  approve: Done;
  islands: IslandRow[];
  island: IslandView;
  cordon: Done;
  uncordon: Done;
  history: HistoryRow[];
  historyRun: HistoryView;
  historyCurve: CurveView;
}

/** Header that every request which changes something carries; its value is `csrf` of the session. */
export const csrfHeader = 'x-atoll-csrf';
