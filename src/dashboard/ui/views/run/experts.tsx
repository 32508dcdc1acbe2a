/** The experts of a run side by side: small drawings of loss on the same axes, or a table. They are never averaged. */
import { signal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import type { RunView } from '../../../view/run.ts';
import type { WorkRow } from '../../../view/work.ts';
import { type Across, type Extent, joined } from '../../charts/course.ts';
import { Legend } from '../../charts/legend.tsx';
import { ModeSwitches, modes } from '../../charts/modes.tsx';
import { Empty } from '../../parts/notice.tsx';
import { measured, plural } from '../../words/number.ts';
import { capital, titleOf } from '../../words/work.ts';
import { ExpertsTable } from './table.tsx';
import { Tile } from './tile.tsx';

export function Experts({ run, experts }: { run: RunView; experts: readonly WorkRow[] }) {
  const { across, log, table } = modes();
  const { namespace, name } = run.row;
  // What each drawing needs of the axes; all get what the widest needs.
  const extents = useMemo(() => signal<ReadonlyMap<string, Extent>>(new Map()), [across, namespace, name]);
  const report = (id: string, extent: Extent | undefined) => {
    const before = extents.peek().get(id);
    if (extent === undefined || (before && same(before, extent))) return;
    extents.value = new Map(extents.peek()).set(id, extent);
  };
  const all = [...extents.value.values()].reduce<Extent | undefined>(joined, undefined);
  return (
    <section class="block" aria-labelledby="experts">
      <div class="block-head">
        <h2 id="experts">Experts</h2>
        <ModeSwitches drawing="Curves" axes={!table} />
      </div>
      {experts.length === 0 ? (
        <Empty title="No experts yet">
          <p>They are made when the data set is ready: each trains on one of its shards, by itself.</p>
        </Empty>
      ) : table ? (
        <ExpertsTable experts={experts} />
      ) : (
        <>
          <p class="small soft figure-lead">{summary(experts, across)}</p>
          <ul class="tiles">
            {experts.map((expert) => (
              <Tile key={expert.id} row={expert} across={across} log={log} extent={all} report={report} />
            ))}
          </ul>
          <Legend />
        </>
      )}
    </section>
  );
}

const same = (a: Extent, b: Extent): boolean => a.x[0] === b.x[0] && a.x[1] === b.x[1] && a.y[0] === b.y[0] && a.y[1] === b.y[1];

/** All drawings together in a sentence. */
function summary(experts: readonly WorkRow[], across: Across): string {
  const by = across === 'step' ? 'by training step' : 'by time';
  const known = experts
    .filter((one): one is WorkRow & { loss: number } => typeof one.loss === 'number')
    .toSorted((a, b) => a.loss - b.loss);
  const [best] = known;
  const worst = known.at(-1);
  if (best === undefined || worst === undefined)
    return `Loss of ${plural(experts.length, 'expert')} ${by}, on the same axes. None has reported a loss yet.`;
  const range =
    best === worst
      ? `${capital(titleOf(best.work))} is at ${measured(best.loss)}`
      : `Newest loss from ${measured(best.loss)} (${titleOf(best.work)}) to ${measured(worst.loss)} (${titleOf(worst.work)})`;
  return `Loss of ${plural(experts.length, 'expert')} ${by}, each trained by itself, on the same axes. ${range}.`;
}
