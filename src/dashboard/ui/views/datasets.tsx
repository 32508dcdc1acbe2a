/** All data sets that the user may see. */
import { useEffect } from 'preact/hooks';
import type { DatasetRow } from '../../view/dataset.ts';
import { held, look, rows } from '../live/stream.ts';
import { go, query } from '../navigation.ts';
import type { Column } from '../parts/columns.tsx';
import { Filters, matches } from '../parts/filters.tsx';
import { List } from '../parts/list.tsx';
import { Meter } from '../parts/meter.tsx';
import { Empty, Loading } from '../parts/notice.tsx';
import { State } from '../parts/state.tsx';
import { Age } from '../parts/time.tsx';
import { pathOf, type Route } from '../route.ts';
import { bytes, count, measured, plural } from '../words/number.ts';
import { inWords } from '../words/states.ts';

const routeOf = ({ namespace, name }: DatasetRow): Route => ({ view: 'dataset', namespace, name });

const columns: Column<DatasetRow>[] = [
  {
    title: 'Data set',
    class: 'name',
    cell: (row) => (
      <a href={pathOf(routeOf(row))} title={row.id}>
        <span class="namespace">{row.namespace}/</span>
        {row.name}
      </a>
    ),
  },
  {
    title: 'State',
    cell: ({ state, progress, id }) =>
      state === 'Partitioning' && progress !== undefined ? (
        <Meter share={progress} label={`Progress of ${id}`} />
      ) : (
        <State state={state} />
      ),
  },
  { title: 'Shards', class: 'right', cell: ({ experts }) => count(experts) },
  { title: 'Samples', class: 'medium right', cell: ({ samples }) => (samples === undefined ? '' : count(samples)) },
  { title: 'Size', class: 'medium right', cell: (row) => (row.bytes === undefined ? '' : bytes(row.bytes)) },
  { title: 'Skew', class: 'medium right', cell: ({ skew }) => (skew === undefined ? '' : measured(skew)) },
  { title: 'Cut by', class: 'wide', cell: ({ method }) => inWords(method) },
  { title: 'Made', class: 'wide right', cell: ({ createdAt }) => <Age at={createdAt} /> },
];

export function DatasetsPage() {
  useEffect(() => look({}), []);
  if (held.value === undefined) return <Loading what="data sets" />;
  const all = [...rows.value.datasets.values()];
  const shown = all
    .filter((row) => matches(query.value.get('q'), row.id, row.state, row.method))
    .toSorted((a, b) => a.id.localeCompare(b.id));
  const ready = all.filter(({ state }) => state === 'Ready').length;
  return (
    <>
      <div class="head">
        <h1>Data sets</h1>
      </div>
      <p class="lead">
        {all.length === 0
          ? 'There is none in the namespaces that you may read.'
          : `${plural(all.length, 'data set')}, ${ready} ready. Each is cut into as many shards as there are experts.`}
      </p>
      {all.length === 0 ? (
        <Empty title="No data sets yet">
          <p>An ExpertDataset says where the data lies and how it is cut.</p>
          <pre class="text">kubectl apply -f dataset.yaml</pre>
        </Empty>
      ) : (
        <>
          <Filters what="data sets" shown={shown.length} total={all.length} choices={[]} />
          <List caption="Data sets" rows={shown} keyOf={({ id }) => id} columns={columns} open={(row) => go(routeOf(row))} />
        </>
      )}
    </>
  );
}
