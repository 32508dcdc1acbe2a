/** Where a work was placed, and what came of it. */
import type { PlacementView } from '../../../view/work.ts';
import type { Column } from '../../parts/columns.tsx';
import { State } from '../../parts/state.tsx';
import { Table } from '../../parts/table.tsx';
import { Age } from '../../parts/time.tsx';
import { pathOf } from '../../route.ts';

const columns: Column<PlacementView>[] = [
  { title: 'Number', class: 'right', cell: ({ number }) => number },
  { title: 'Island', cell: ({ island }) => <a href={pathOf({ view: 'island', name: island })}>{island}</a> },
  {
    title: 'State',
    cell: ({ state, reason }) => (
      <>
        {state === undefined ? <span class="faint">gone</span> : <State state={state} />}
        {reason !== undefined && reason !== state && <span class="small faint"> {reason}</span>}
      </>
    ),
  },
  { title: 'IslandJob', class: 'mono', cell: ({ job }) => job },
  { title: 'Made', class: 'nowrap', cell: ({ createdAt }) => createdAt !== undefined && <Age at={createdAt} /> },
  {
    title: 'Proven stopped',
    class: 'nowrap',
    cell: ({ stoppedAt }) => (stoppedAt === undefined ? 'no' : <Age at={stoppedAt} />),
  },
  { title: 'Message', class: 'wrap', cell: ({ message }) => message },
];

export function Placements({ placements }: { placements: readonly PlacementView[] }) {
  if (placements.length === 0) return <p class="faint">None yet.</p>;
  return <Table caption="Placements" rows={placements} keyOf={({ number }) => number} columns={columns} />;
}
