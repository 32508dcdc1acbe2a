/** One run as the bucket knows it: lineage, and of each work its curve and its checkpoints. */
import { useEffect } from 'preact/hooks';
import type { HistoryGap, HistoryView, HistoryWork } from '../../view/run.ts';
import { usePastCourse } from '../charts/curve.ts';
import { Legend } from '../charts/legend.tsx';
import { ModeSwitches, modes } from '../charts/modes.tsx';
import { useAsked } from '../live/asked.ts';
import { look } from '../live/stream.ts';
import { Crumbs } from '../parts/crumbs.tsx';
import { Empty, Failed, Loading } from '../parts/notice.tsx';
import { Icon } from '../parts/shapes.tsx';
import { pathOf } from '../route.ts';
import { listed, plural } from '../words/number.ts';
import { titleOf } from '../words/work.ts';
import { CheckpointTable } from './expert/checkpoints.tsx';
import { CourseFigure } from './expert/loss.tsx';
import { Graph } from './lineage.tsx';

export function PastPage({ namespace, name: run }: { namespace: string; name: string }) {
  useEffect(() => look({}), []);
  const { data, error, missing, again } = useAsked('historyRun', { parts: { namespace, run } });
  const name = run.slice(0, run.lastIndexOf('.'));
  return (
    <>
      <Crumbs
        steps={[
          ['Runs', 'runs'],
          ['Finished and deleted', 'history'],
          [namespace, `history?namespace=${encodeURIComponent(namespace)}`],
        ]}
      />
      <div class="head">
        <h1>{name}</h1>
      </div>
      {missing ? (
        <Empty title={`Nothing of ${run} is in the bucket, or you may not read runs of ${namespace}`} />
      ) : error === undefined ? (
        data ? (
          <Past view={data} run={run} />
        ) : (
          <Loading what="what the run has left" />
        )
      ) : (
        <Failed what="read what the run has left" why={error} again={again} />
      )}
    </>
  );
}

function Past({ view, run }: { view: HistoryView; run: string }) {
  const { row, works, unread, lineage } = view;
  const { namespace, name } = row;
  const trained = works.filter(({ work }) => work !== 'evaluation');
  return (
    <>
      <p class="lead">
        {sentence(works)}{' '}
        {row.exists ? (
          <a href={pathOf({ view: 'run', namespace, name })}>The run is still there.</a>
        ) : (
          'Its object has been deleted; this is what the bucket holds.'
        )}
      </p>
      {unread.length > 0 && <Unread gaps={unread} />}
      <section class="block" aria-labelledby="chain">
        <h2 id="chain" class="block-head">
          From the data set to the ensemble
        </h2>
        <p class="figure-lead">{lineage.sentence}</p>
        <Graph lineage={lineage} />
      </section>
      {trained.length > 0 && (
        <div class="block-head block">
          <h2>Works</h2>
          <ModeSwitches drawing="Curves" />
        </div>
      )}
      {trained.map((work) => (
        <Work key={work.work} namespace={namespace} run={run} work={work} />
      ))}
      {trained.length > 0 && !modes().table && <Legend />}
    </>
  );
}

/** What is missing below, so that nobody takes it for never made. */
function Unread({ gaps }: { gaps: readonly HistoryGap[] }) {
  return (
    <div class="notice notice-bad">
      <h2>
        <Icon shape="cross" /> Manifests of{' '}
        {listed(
          gaps.map(({ work }) => titleOf(work)),
          3,
        )}{' '}
        cannot be read
      </h2>
      <p>What they list may be there all the same; it is not shown here.</p>
      <ul>
        {gaps.map(({ work, manifests, why }) => (
          <li key={work}>
            {titleOf(work)}, {plural(manifests, 'manifest')}: {why}
          </li>
        ))}
      </ul>
    </div>
  );
}

function Work({ namespace, run, work }: { namespace: string; run: string; work: HistoryWork }) {
  const known = usePastCourse(namespace, run, work.work, modes().across);
  return (
    <>
      <CourseFigure title={`Loss of ${titleOf(work.work)}`} known={known} switches={false} />
      <CheckpointTable caption={`Checkpoints of ${titleOf(work.work)}, the newest first`} checkpoints={work.checkpoints} />
    </>
  );
}

function sentence(works: readonly HistoryWork[]): string {
  const experts = works.filter(({ work }) => work.startsWith('expert-'));
  const done = experts.filter(({ final }) => final).length;
  const others = works.filter(({ work, final }) => !work.startsWith('expert-') && final).map(({ work }) => titleOf(work));
  const rest = others.length === 0 ? '' : `, and of ${listed(others, 3)}`;
  return `Checkpoints of ${plural(experts.length, 'expert')}, ${done} of them finished${rest}.`;
}
