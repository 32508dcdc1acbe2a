/** All islands. */
import { useEffect } from 'preact/hooks';
import type { IslandRow } from '../../view/island.ts';
import { cordon, uncordon } from '../actions/actions.ts';
import { session } from '../live/ask.ts';
import { held, look, rows } from '../live/stream.ts';
import { go, query } from '../navigation.ts';
import type { Column } from '../parts/columns.tsx';
import { Filters, matches } from '../parts/filters.tsx';
import { Gpus, gpuSums } from '../parts/gpus.tsx';
import { List } from '../parts/list.tsx';
import { Empty, Loading } from '../parts/notice.tsx';
import { IslandState, Reachable } from '../parts/reachable.tsx';
import { pathOf } from '../route.ts';
import { count, listed, plural } from '../words/number.ts';
import { inWords } from '../words/states.ts';

const columns: Column<IslandRow>[] = [
  { title: 'Island', class: 'name', cell: ({ name }) => <a href={pathOf({ view: 'island', name })}>{name}</a> },
  { title: 'State', cell: (island) => <IslandState island={island} /> },
  { title: 'Reachable', class: 'medium', cell: (island) => <Reachable island={island} /> },
  { title: 'GPUs', cell: ({ gpus }) => <Gpus gpus={gpus} /> },
  { title: 'Jobs', class: 'right', cell: ({ jobs }) => count(jobs) },
  {
    title: 'Agent, Kubernetes',
    class: 'wide',
    cell: ({ version, kubernetes }) =>
      version === undefined && kubernetes === undefined ? (
        <span class="faint">unknown</span>
      ) : (
        `${version ?? 'unknown'}, ${kubernetes ?? 'unknown'}`
      ),
  },
  { title: 'Cost/h', class: 'wide right', cell: ({ cost }) => cost ?? '' },
];

const change: Column<IslandRow> = {
  title: 'Change',
  class: 'medium right',
  cell: (island) => (
    <button type="button" class="button button-small" onClick={() => (island.cordoned ? uncordon : cordon)(island)}>
      {island.cordoned ? 'Uncordon' : 'Cordon'}
      <span class="hidden"> {island.name}</span>
    </button>
  ),
};

export function IslandsPage() {
  useEffect(() => look({}), []);
  const rights = session.value?.islands;
  if (rights?.list === false)
    return (
      <Empty page title="You may not see islands">
        <p>
          Islands belong to the whole cluster: <code>kubectl auth can-i list computeislands</code> says whether your rights reach
          them.
        </p>
      </Empty>
    );
  if (held.value === undefined) return <Loading what="islands" />;
  const all = [...rows.value.islands.values()];
  const states = [...new Set(all.map(({ state }) => state))].toSorted();
  const state = query.value.get('state');
  const shown = all
    .filter(
      (one) => matches(query.value.get('q'), one.name, one.state, one.version, one.message) && (state ?? one.state) === one.state,
    )
    .toSorted((a, b) => Number(a.state === 'Ready') - Number(b.state === 'Ready') || a.name.localeCompare(b.name));
  return (
    <>
      <div class="head">
        <h1>Islands</h1>
      </div>
      <p class="lead">{summary(all)}</p>
      {all.length === 0 ? (
        <Empty title="No islands yet">
          <p>An island is a cluster that experts are trained on. This makes one and prints what its administrator runs:</p>
          <pre class="text">atoll island add NAME</pre>
        </Empty>
      ) : (
        <>
          <Filters
            what="islands"
            shown={shown.length}
            total={all.length}
            choices={[{ key: 'state', label: 'Any state', options: states.map((one) => [one, inWords(one)]) }]}
          />
          <List
            caption="Islands"
            rows={shown}
            keyOf={({ id }) => id}
            columns={rights?.change ? [...columns, change] : columns}
            open={({ name }) => go({ view: 'island', name })}
          />
        </>
      )}
    </>
  );
}

function summary(islands: readonly IslandRow[]): string {
  if (islands.length === 0) return 'There is nowhere to train yet.';
  const { used, free, unhealthy } = gpuSums(islands.flatMap(({ gpus }) => gpus));
  const silent = islands.filter(({ reachable, state }) => reachable !== 'True' && state !== 'NotJoined').map(({ name }) => name);
  const gpus =
    used + free + unhealthy === 0
      ? 'no GPUs'
      : `${plural(used + free, 'GPU')}, ${count(free)} free${unhealthy > 0 ? `, ${count(unhealthy)} more unhealthy` : ''}`;
  const heard =
    silent.length === 0
      ? 'All are heard.'
      : `${listed(silent)} ${silent.length === 1 ? 'is' : 'are'} not heard: what runs there goes on, and is shown as it was last known.`;
  return `${plural(islands.length, 'island')}, ${gpus}. ${heard}`;
}
