/** Runs that have left something in the bucket, whether their objects are still there or not. */
import { useEffect, useState } from 'preact/hooks';
import type { HistoryRow } from '../../view/run.ts';
import { session } from '../live/ask.ts';
import { useAsked } from '../live/asked.ts';
import { held, look } from '../live/stream.ts';
import { go, query, setQuery } from '../navigation.ts';
import type { Column } from '../parts/columns.tsx';
import { Crumbs } from '../parts/crumbs.tsx';
import { List } from '../parts/list.tsx';
import { Empty, Failed, Loading } from '../parts/notice.tsx';
import { pathOf, type Route } from '../route.ts';
import { plural } from '../words/number.ts';

const routeOf = ({ namespace, name, uid8 }: HistoryRow): Route => ({ view: 'past', namespace, name: `${name}.${uid8}` });

const columns: Column<HistoryRow>[] = [
  { title: 'Run', class: 'name', cell: (row) => <a href={pathOf(routeOf(row))}>{row.name}</a> },
  { title: 'First digits of its uid', class: 'mono', cell: ({ uid8 }) => uid8 },
  {
    title: 'Its object',
    cell: ({ namespace, name, exists }) =>
      exists ? <a href={pathOf({ view: 'run', namespace, name })}>is there</a> : <span class="soft">deleted</span>,
  },
  { title: 'Store', class: 'medium', cell: ({ store }) => store },
  { title: 'Below', class: 'wide mono', cell: ({ prefix }) => prefix },
];

/** Each is a list of the bucket: of more than these, one is asked for by its name. */
const mostNamespaces = 12;

export function HistoryPage() {
  useEffect(() => look({}), []);
  const known = session.value?.namespaces.filter(({ runs }) => runs).map(({ name }) => name) ?? [];
  const asked = query.value.get('namespace');
  const namespaces = asked === null ? known.slice(0, mostNamespaces) : [asked];
  return (
    <>
      <Crumbs steps={[['Runs', 'runs']]} />
      <div class="head">
        <h1>Finished and deleted runs</h1>
      </div>
      <p class="lead">
        What runs have published stays in the bucket. It is read from there, whether the run still exists or not.
      </p>
      <Namespace key={asked ?? ''} namespace={asked ?? ''} known={known} />
      {held.value !== undefined && namespaces.map((namespace) => <Runs key={namespace} namespace={namespace} />)}
    </>
  );
}

/** Any name may be asked for: of a namespace whose runs are all deleted the server knows nothing until then. */
function Namespace({ namespace, known }: { namespace: string; known: readonly string[] }) {
  const [text, setText] = useState(namespace);
  return (
    <form
      class="filters"
      onSubmit={(event) => {
        event.preventDefault();
        setQuery('namespace', text.trim() === '' ? undefined : text.trim());
      }}
    >
      <input
        class="input"
        aria-label="Namespace"
        placeholder="Any namespace"
        list="namespaces"
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <datalist id="namespaces">
        {known.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <button type="submit" class="button">
        Look
      </button>
    </form>
  );
}

function Runs({ namespace }: { namespace: string }) {
  const { data, error, again } = useAsked('history', { parts: { namespace } });
  if (error !== undefined) return <Failed what={`read what runs of ${namespace} have left`} why={error} again={again} />;
  if (data === undefined) return <Loading what={`the bucket, for runs of ${namespace}`} />;
  if (data.length === 0)
    return (
      <Empty title={`No run of ${namespace} has left anything`}>
        <p>
          Looked below the prefixes of its runs and of the chart's dashboard.historyPrefixes, in the stores that this operator
          knows.
        </p>
      </Empty>
    );
  const gone = data.filter(({ exists }) => !exists).length;
  return (
    <>
      <p class="small soft figure-lead">
        {plural(data.length, 'run')} of {namespace}, {gone === 0 ? 'none of them deleted' : `${gone} deleted`}.
      </p>
      <List
        caption={`Runs of ${namespace} in the bucket`}
        rows={data}
        keyOf={(row) => `${row.store} ${row.prefix} ${row.name} ${row.uid8}`}
        columns={columns}
        open={(row) => go(routeOf(row))}
      />
    </>
  );
}
