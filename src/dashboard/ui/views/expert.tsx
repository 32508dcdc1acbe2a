/** One expert: how it is, what failed last, its curve, its attempts, its log, its checkpoints and what it was told. */
import { useState } from 'preact/hooks';
import type { WorkDetail, WorkRow } from '../../view/work.ts';
import { move, retry } from '../actions/actions.ts';
import { useAsked } from '../live/asked.ts';
import { rows } from '../live/stream.ts';
import { Conditions } from '../parts/conditions.tsx';
import { Crumbs } from '../parts/crumbs.tsx';
import { Meter } from '../parts/meter.tsx';
import { Empty, Failed, Loading } from '../parts/notice.tsx';
import { NoRun, useRun } from '../parts/run-head.tsx';
import { Age } from '../parts/time.tsx';
import { WorkState } from '../parts/work-state.tsx';
import { pathOf } from '../route.ts';
import { count, measured } from '../words/number.ts';
import { duration } from '../words/time.ts';
import { Attempts } from './expert/attempts.tsx';
import { Checkpoints } from './expert/checkpoints.tsx';
import { FailureCard } from './expert/failure.tsx';
import { Log } from './expert/log.tsx';
import { LossFigure } from './expert/loss.tsx';
import { Placements } from './expert/placements.tsx';

export function ExpertPage({ namespace, name, index }: { namespace: string; name: string; index: number }) {
  const run = useRun(namespace, name);
  const row = [...rows.value.works.values()].find(
    (one) => one.namespace === namespace && one.run === name && one.index === index,
  );
  const detail = useAsked('work', row && { parts: { namespace, run: name, work: row.work } }, row?.rev);
  if (run === 'loading' || run === 'missing') return <NoRun namespace={namespace} name={name} state={run} />;
  const crumbs = (
    <Crumbs
      steps={[
        ['Runs', 'runs'],
        [namespace, `runs?namespace=${encodeURIComponent(namespace)}`],
        [name, pathOf({ view: 'run', namespace, name })],
      ]}
    />
  );
  if (row === undefined)
    return (
      <>
        {crumbs}
        <Empty page title={`${name} has no expert ${index}`}>
          <p>
            It has {run.row.experts.total} experts, counted from 0. <a href={pathOf({ view: 'run', namespace, name })}>The run</a>
          </p>
        </Empty>
      </>
    );
  return (
    <>
      {crumbs}
      <Head row={row} detail={detail.data} total={run.row.experts.total} />
      {detail.error !== undefined && <Failed what={`read all of expert ${index}`} why={detail.error} again={detail.again} />}
      {detail.data?.failure && row.state !== 'Accepted' && <FailureCard failure={detail.data.failure} />}
      <Facts row={row} />
      <LossFigure row={row} />
      {detail.data === undefined ? (
        detail.error === undefined && <Loading what="attempts and checkpoints" />
      ) : (
        <Detail row={row} detail={detail.data} />
      )}
    </>
  );
}

function Head({ row, detail, total }: { row: WorkRow; detail: WorkDetail | undefined; total: number }) {
  const { namespace, run: name, index = 0 } = row;
  const beside = (to: number, words: string) =>
    to >= 0 && to < total ? (
      <a class="button" href={pathOf({ view: 'expert', namespace, name, index: to })} aria-label={`${words} expert`}>
        {words}
      </a>
    ) : null;
  return (
    <>
      <div class="head">
        <h1>Expert {index}</h1>
        <WorkState row={row} />
        <div class="head-actions">
          {beside(index - 1, 'Previous')}
          {beside(index + 1, 'Next')}
          {detail?.may.move && (
            <button type="button" class="button" onClick={() => move(row, detail.may.moveTo)}>
              Move
            </button>
          )}
          {detail?.may.retry && (
            <button type="button" class={`button ${row.state === 'Blocked' ? 'button-main' : ''}`} onClick={() => retry(row)}>
              Retry
            </button>
          )}
        </div>
      </div>
      <p class="lead">{detail?.sentence ?? row.reason ?? ''}</p>
    </>
  );
}

function Facts({ row }: { row: WorkRow }) {
  const { step, steps, loss, speed, eta, island, silentSince, attempt, restarts = 0, checkpoint, samples, reportedAt } = row;
  return (
    <dl class="facts sheet padded block">
      <div>
        <dt>Progress</dt>
        <dd>
          {step === undefined || !steps ? (
            'no step yet'
          ) : (
            <Meter share={step / steps} label="Progress of the expert" tone={row.state === 'Accepted' ? 'good' : 'work'} />
          )}
          {step !== undefined && (
            <span class="small soft number">
              step {count(step)}
              {steps !== undefined && ` of ${count(steps)}`}
            </span>
          )}
        </dd>
      </div>
      <div>
        <dt>Loss</dt>
        <dd>
          <span class="big number">{loss === undefined ? 'none yet' : measured(Number(loss))}</span>{' '}
          {reportedAt !== undefined && (
            <span class="small soft">
              <Age at={reportedAt} />
            </span>
          )}
        </dd>
      </div>
      <div>
        <dt>Speed</dt>
        <dd>
          <span class="big number">{speed === undefined ? 'not known' : count(Math.round(speed))}</span>
          {speed !== undefined && <span class="small soft"> samples/s</span>}
        </dd>
      </div>
      {eta !== undefined && (
        <div>
          <dt>Time left</dt>
          <dd class="big number">{duration(eta * 1000)}</dd>
        </div>
      )}
      <div>
        <dt>Island</dt>
        <dd>
          {island === undefined ? 'not placed' : <a href={pathOf({ view: 'island', name: island })}>{island}</a>}
          {silentSince !== undefined && (
            <span class="tone-watch">
              , not heard: <Age at={silentSince} />
            </span>
          )}
        </dd>
      </div>
      <div>
        <dt>Attempt</dt>
        <dd>
          {attempt ?? 'none yet'}
          <span class="small soft">
            {' '}
            {restarts === 0 ? 'no counted failure' : `${restarts} counted failure${restarts === 1 ? '' : 's'}`}
          </span>
        </dd>
      </div>
      <div>
        <dt>Newest checkpoint</dt>
        <dd class="number">{checkpoint === undefined ? 'none yet' : `step ${count(checkpoint)}`}</dd>
      </div>
      {samples !== undefined && (
        <div>
          <dt>Its shard</dt>
          <dd class="number">{count(samples)} samples</dd>
        </div>
      )}
    </dl>
  );
}

function Detail({ row, detail }: { row: WorkRow; detail: WorkDetail }) {
  const [more, setMore] = useState(false);
  return (
    <>
      <Attempts attempts={detail.attempts} />
      {detail.may.log ? (
        <Log row={row} attempts={detail.attempts} />
      ) : (
        <section class="block">
          <h2>Log</h2>
          <p class="soft">You may not read logs in {row.namespace}: that needs the right to get pods/log.</p>
        </section>
      )}
      <Checkpoints checkpoints={detail.checkpoints} />
      <details class="block more" onToggle={(event) => setMore(event.currentTarget.open)}>
        <summary>Placements, conditions and resolved spec</summary>
        {more && (
          <>
            <h3>Placements</h3>
            <Placements placements={detail.placements} />
            <h3>Conditions</h3>
            <Conditions conditions={detail.conditions} />
            <h3>Resolved spec</h3>
            {detail.spec === undefined ? (
              <p class="faint">None: the work is not placed.</p>
            ) : (
              <pre class="text tall" tabIndex={0} aria-label="Resolved spec">
                {JSON.stringify(detail.spec, null, 2)}
              </pre>
            )}
          </>
        )}
      </details>
    </>
  );
}
