/** All runs that the user may see. */

import { useEffect } from 'preact/hooks';
import type { RunRow } from '../../view/run.ts';
import { session } from '../live/ask.ts';
import { held, look, rows } from '../live/stream.ts';
import { go, query } from '../navigation.ts';
import type { Column } from '../parts/columns.tsx';
import { ExpertsBar } from '../parts/experts-bar.tsx';
import { Filters, matches } from '../parts/filters.tsx';
import { List } from '../parts/list.tsx';
import { Meter } from '../parts/meter.tsx';
import { Empty, Loading } from '../parts/notice.tsx';
import { Icon } from '../parts/shapes.tsx';
import { State } from '../parts/state.tsx';
import { Age } from '../parts/time.tsx';
import { pathOf, type Route } from '../route.ts';
import { count, listed, plural } from '../words/number.ts';
import { inWords } from '../words/states.ts';
import { duration } from '../words/time.ts';
import { titleOf } from '../words/work.ts';

const routeOf = ({ namespace, name }: RunRow): Route => ({ view: 'run', namespace, name });

const columns: Column<RunRow>[] = [
  {
    title: 'Run',
    class: 'name',
    cell: (run) => (
      <a href={pathOf(routeOf(run))} title={run.id}>
        <span class="namespace">{run.namespace}/</span>
        {run.name}
      </a>
    ),
  },
  { title: 'State', cell: ({ state }) => <State state={state} /> },
  {
    title: 'Needs you',
    cell: ({ needs }) =>
      needs === 0 ? (
        <span class="faint">no</span>
      ) : (
        <span class="state tone-bad">
          <Icon shape="triangle" />
          {count(needs)}
          <span class="hidden"> {needs === 1 ? 'thing needs' : 'things need'} you</span>
        </span>
      ),
  },
  { title: 'Experts', class: 'medium', cell: ({ experts }) => <ExpertsBar experts={experts} /> },
  {
    title: 'Progress',
    class: 'medium',
    cell: ({ id, progress, state }) =>
      progress === undefined ? (
        <span class="faint">none yet</span>
      ) : (
        <Meter share={progress} label={`Progress of ${id}`} tone={state === 'Complete' ? 'good' : 'work'} />
      ),
  },
  { title: 'Time left', class: 'medium right', cell: ({ eta }) => (eta === undefined ? '' : duration(eta * 1000)) },
  { title: 'Slowest', class: 'wide', cell: ({ slowest }) => (slowest ? `expert ${slowest.index}` : '') },
  {
    title: 'Last failure',
    class: 'wide',
    cell: ({ failure }) => (failure ? `${inWords(failure.class)}, ${titleOf(failure.work)}` : <span class="faint">none</span>),
  },
  { title: 'Created', class: 'wide right', cell: ({ createdAt }) => <Age at={createdAt} /> },
];

export function RunsPage() {
  useEffect(() => look({}), []);
  if (held.value === undefined) return <Loading what="runs" />;
  const all = [...rows.value.runs.values()];
  const namespaces = [...new Set(all.map(({ namespace }) => namespace))].toSorted();
  const states = [...new Set(all.map(({ state }) => state))].toSorted();
  const wanted = { namespace: query.value.get('namespace'), state: query.value.get('state') };
  const shown = all
    .filter(
      (run) =>
        matches(query.value.get('q'), run.id, run.state) &&
        (wanted.namespace ?? run.namespace) === run.namespace &&
        (wanted.state ?? run.state) === run.state,
    )
    .toSorted(byUrgency);
  return (
    <>
      <div class="head">
        <h1>Runs</h1>
        <div class="head-actions">
          <a class="button" href="history">
            Finished and deleted runs
          </a>
        </div>
      </div>
      <p class="lead">{summary(all)}</p>
      {all.length === 0 ? (
        <NoRuns />
      ) : (
        <>
          <Filters
            what="runs"
            shown={shown.length}
            total={all.length}
            choices={[
              { key: 'state', label: 'Any state', options: states.map((state) => [state, inWords(state)]) },
              { key: 'namespace', label: 'Any namespace', options: namespaces.map((name) => [name, name]) },
            ]}
          />
          <List caption="Runs" rows={shown} keyOf={({ id }) => id} columns={columns} open={(run) => go(routeOf(run))} />
        </>
      )}
    </>
  );
}

/** What needs somebody most first, then what is at work, then the newest. */
function byUrgency(a: RunRow, b: RunRow): number {
  const over = ({ state }: RunRow) => (state === 'Complete' || state === 'Failed' ? 1 : 0);
  return b.needs - a.needs || over(a) - over(b) || b.createdAt.localeCompare(a.createdAt) || a.id.localeCompare(b.id);
}

function summary(runs: readonly RunRow[]): string {
  if (runs.length === 0) return 'Nothing has been started in the namespaces that you may read.';
  const counts = new Map<string, number>();
  for (const { state } of runs) counts.set(state, (counts.get(state) ?? 0) + 1);
  const parts = [...counts].map(([state, number]) => `${number} ${inWords(state)}`);
  const needing = runs.filter(({ needs }) => needs > 0).length;
  const needed = needing === 0 ? 'None needs you.' : `${needing} ${needing === 1 ? 'needs' : 'need'} you.`;
  return `${plural(runs.length, 'run')}: ${listed(parts, 8)}. ${needed}`;
}

function NoRuns() {
  const namespaces = session.value?.namespaces.filter(({ runs }) => runs).map(({ name }) => name) ?? [];
  return (
    <Empty title="No runs yet">
      <p>
        A run begins with an ExpertDataset and an ExpertTraining.{' '}
        {namespaces.length === 0
          ? 'With this token you may not read runs in any namespace: the role atoll-viewer allows it.'
          : `You may read ${listed(namespaces, 6)}.`}
      </p>
      <pre class="text">kubectl apply -f training.yaml</pre>
    </Empty>
  );
}
