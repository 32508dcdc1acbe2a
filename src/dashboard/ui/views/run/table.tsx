/** The experts of a run as a table. */
import type { WorkRow } from '../../../view/work.ts';
import { go } from '../../navigation.ts';
import type { Column } from '../../parts/columns.tsx';
import { List } from '../../parts/list.tsx';
import { Meter } from '../../parts/meter.tsx';

import { Age } from '../../parts/time.tsx';
import { WorkState } from '../../parts/work-state.tsx';
import { pathOf } from '../../route.ts';
import { count, measured } from '../../words/number.ts';
import { duration } from '../../words/time.ts';
import { capital, routeOf, titleOf } from '../../words/work.ts';

export const workColumns = {
  work: {
    title: 'Expert',
    class: 'name',
    cell: (row) => <a href={pathOf(routeOf(row))}>{capital(titleOf(row.work))}</a>,
  },
  state: { title: 'State', cell: (row) => <WorkState row={row} /> },
  island: {
    title: 'Island',
    cell: ({ island, silentSince }) =>
      silentSince === undefined ? (
        (island ?? <span class="faint">none</span>)
      ) : (
        <span class="tone-watch">
          {island}, silent: <Age at={silentSince} />
        </span>
      ),
  },
  progress: {
    title: 'Progress',
    class: 'medium grow',
    cell: ({ id, step, steps, state }) =>
      step === undefined || !steps ? (
        <span class="faint">none yet</span>
      ) : (
        <Meter share={step / steps} label={`Progress of ${id}`} tone={state === 'Accepted' ? 'good' : 'work'} />
      ),
  },
  step: { title: 'Step', class: 'wide right', cell: ({ step }) => (step === undefined ? '' : count(step)) },
  loss: { title: 'Loss', class: 'right', cell: ({ loss }) => (loss === undefined ? '' : measured(Number(loss))) },
  speed: { title: 'Samples/s', class: 'wide right', cell: ({ speed }) => (speed === undefined ? '' : count(Math.round(speed))) },
  checkpoint: {
    title: 'Checkpoint',
    class: 'wide right',
    cell: ({ checkpoint }) => (checkpoint === undefined ? '' : count(checkpoint)),
  },
  attempt: { title: 'Attempt', class: 'wide', cell: ({ attempt }) => attempt ?? '' },
  reason: { title: 'Reason', class: 'wide', cell: ({ reason }) => reason ?? '' },
  left: { title: 'Time left', class: 'medium right', cell: ({ eta }) => (eta === undefined ? '' : duration(eta * 1000)) },
} satisfies Record<string, Column<WorkRow>>;

export function ExpertsTable({ experts }: { experts: readonly WorkRow[] }) {
  return (
    <List
      caption="Experts of the run"
      rows={experts}
      keyOf={({ id }) => id}
      columns={Object.values(workColumns)}
      open={(row) => go(routeOf(row))}
    />
  );
}
