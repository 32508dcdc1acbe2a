/** Published checkpoints, newest first. */
import type { CheckpointView } from '../../../view/work.ts';
import { nameOf } from '../../charts/course.ts';
import type { Column } from '../../parts/columns.tsx';
import { Copied, Digest } from '../../parts/digest.tsx';
import { State } from '../../parts/state.tsx';
import { Table } from '../../parts/table.tsx';
import { Age } from '../../parts/time.tsx';
import { bytes, count } from '../../words/number.ts';

const columns: Column<CheckpointView>[] = [
  { title: 'Step', class: 'right', cell: ({ step }) => count(step) },
  {
    title: 'What',
    cell: ({ accepted, final, kind }) =>
      accepted ? <State state="Accepted" /> : final ? 'final' : kind === 'Export' ? 'export' : 'can be resumed from',
  },
  { title: 'Attempt', cell: nameOf },
  { title: 'Size', class: 'right nowrap', cell: (one) => bytes(one.bytes) },
  {
    title: 'Published',
    class: 'nowrap',
    cell: ({ at }) => (at === undefined ? <span class="faint">not kept</span> : <Age at={at} />),
  },
  { title: 'Digest', cell: ({ digest }) => <Digest value={digest} /> },
  {
    title: 'Manifest',
    cell: ({ manifest }) => <Copied value={manifest} shown={`...${manifest.slice(-38)}`} what="key of the manifest" />,
  },
];

export function CheckpointTable({ checkpoints, caption }: { checkpoints: readonly CheckpointView[]; caption: string }) {
  return <Table caption={caption} rows={checkpoints} keyOf={({ manifest }) => manifest} columns={columns} />;
}

export function Checkpoints({ checkpoints }: { checkpoints: readonly CheckpointView[] }) {
  return (
    <section class="block" aria-labelledby="checkpoints">
      <h2 id="checkpoints" class="block-head">
        Checkpoints
      </h2>
      {checkpoints.length === 0 ? (
        <p class="soft">None has been published yet: an attempt that ends now begins again from the start.</p>
      ) : (
        <CheckpointTable caption="Checkpoints, the newest first" checkpoints={checkpoints} />
      )}
    </section>
  );
}
