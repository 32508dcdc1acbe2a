/** The works of all runs, for whoever looks after islands rather than one run. */
import { useEffect } from 'preact/hooks';
import type { WorkRow } from '../../view/work.ts';
import { held, heldScope, look, rows } from '../live/stream.ts';
import { go, query } from '../navigation.ts';
import type { Column } from '../parts/columns.tsx';
import { Filters, matches } from '../parts/filters.tsx';
import { List } from '../parts/list.tsx';
import { Empty, Loading } from '../parts/notice.tsx';
import { pathOf } from '../route.ts';
import { inWords } from '../words/states.ts';
import { capital, routeOf, titleOf } from '../words/work.ts';
import { workColumns } from './run/table.tsx';

const { state, island, progress, loss, attempt, reason, left } = workColumns;
const columns: Column<WorkRow>[] = [
  {
    title: 'Work',
    class: 'name',
    cell: (row) => (
      <a href={pathOf(routeOf(row))} title={row.id}>
        <span class="namespace">
          {row.namespace}/{row.run}{' '}
        </span>
        {capital(titleOf(row.work))}
      </a>
    ),
  },
  state,
  island,
  progress,
  loss,
  left,
  attempt,
  reason,
];

export function ExpertsPage() {
  useEffect(() => look({ works: 'all' }), []);
  if (held.value === undefined || heldScope.value.works !== 'all') return <Loading what="experts" />;
  const all = [...rows.value.works.values()];
  const words = query.value;
  const options = (of: (row: WorkRow) => string | undefined) =>
    [...new Set(all.map(of))].filter((one) => one !== undefined).toSorted();
  const shown = all
    .filter(
      (row) =>
        matches(words.get('q'), row.id, titleOf(row.work), row.state, row.island, row.reason) &&
        (words.get('state') ?? row.state) === row.state &&
        (words.get('island') ?? row.island) === row.island,
    )
    .toSorted((a, b) => Number(b.state === 'Blocked') - Number(a.state === 'Blocked') || (a.id < b.id ? -1 : 1));
  return (
    <>
      <div class="head">
        <h1>Experts</h1>
      </div>
      <p class="lead">Every expert, router and evaluation of the runs that you may read. Blocked ones stand first.</p>
      {all.length === 0 ? (
        <Empty title="No experts yet">
          <p>
            They are made when a run starts. <a href="runs">All runs</a>
          </p>
        </Empty>
      ) : (
        <>
          <Filters
            what="experts"
            shown={shown.length}
            total={all.length}
            choices={[
              { key: 'state', label: 'Any state', options: options((row) => row.state).map((one) => [one, inWords(one)]) },
              { key: 'island', label: 'Any island', options: options((row) => row.island).map((one) => [one, one]) },
            ]}
          />
          <List
            caption="Experts of all runs"
            rows={shown}
            keyOf={({ id }) => id}
            columns={columns}
            open={(row) => go(routeOf(row))}
          />
        </>
      )}
    </>
  );
}
