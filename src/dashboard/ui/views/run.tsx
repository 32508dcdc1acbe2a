/** One run: how it is in a sentence, what needs somebody, its parts, and its experts side by side. */
import { useState } from 'preact/hooks';
import type { RunView } from '../../view/run.ts';
import type { WorkRow } from '../../view/work.ts';
import { useAsked } from '../live/asked.ts';
import { rows } from '../live/stream.ts';
import { Conditions } from '../parts/conditions.tsx';
import { Events } from '../parts/events.tsx';
import { Meter } from '../parts/meter.tsx';
import { Needs } from '../parts/needs.tsx';
import { NoRun, RunHead, useRun } from '../parts/run-head.tsx';
import { Stages } from '../parts/stages.tsx';
import { pathOf } from '../route.ts';
import { duration } from '../words/time.ts';
import { Experts } from './run/experts.tsx';

export function RunPage({ namespace, name }: { namespace: string; name: string }) {
  const run = useRun(namespace, name);
  if (run === 'loading' || run === 'missing') return <NoRun namespace={namespace} name={name} state={run} />;
  const works = [...rows.value.works.values()].filter((work) => work.namespace === namespace && work.run === name);
  const experts = works.filter(({ index }) => index !== undefined).toSorted((a, b) => (a.index ?? 0) - (b.index ?? 0));
  return (
    <>
      <RunHead run={run} here="run" />
      <Needs run={run} />
      <Stages run={run} />
      <Facts run={run} />
      <Experts run={run} experts={experts} />
      <More run={run} works={works} />
    </>
  );
}

function Facts({ run }: { run: RunView }) {
  const { row, elapsed, makespan, critical } = run;
  const { namespace, name, experts, progress, eta } = row;
  const over = row.completedAt !== undefined;
  return (
    <dl class="facts sheet padded block">
      <div>
        <dt>Progress</dt>
        <dd>
          {progress === undefined ? (
            'not begun'
          ) : (
            <Meter share={progress} label="Progress of the run" tone={row.state === 'Complete' ? 'good' : 'work'} />
          )}
        </dd>
      </div>
      <div>
        <dt>Experts accepted</dt>
        <dd>
          <span class="big number">
            {experts.accepted} of {experts.total}
          </span>
          {experts.blocked > 0 && <span class="tone-bad">, {experts.blocked} blocked</span>}
        </dd>
      </div>
      <div>
        <dt>{over ? 'Took' : 'Running for'}</dt>
        <dd class="big number">{elapsed === undefined ? 'not begun' : duration(elapsed * 1000)}</dd>
      </div>
      {!over && (
        <div>
          <dt>Time left</dt>
          <dd>
            <span class="big number">{eta === undefined ? 'not known' : duration(eta * 1000)}</span>
            {makespan !== undefined && <span class="soft small"> of {duration(makespan * 1000)} in all</span>}
          </dd>
        </div>
      )}
      {!over && critical && (
        <div>
          <dt>Slowest, decides the end</dt>
          <dd>
            <a class="big" href={pathOf({ view: 'expert', namespace, name, index: critical.index })}>
              Expert {critical.index}
            </a>
            {critical.eta !== undefined && <span class="soft small"> {duration(critical.eta * 1000)} left</span>}
          </dd>
        </div>
      )}
    </dl>
  );
}

function More({ run, works }: { run: RunView; works: readonly WorkRow[] }) {
  const [open, setOpen] = useState(false);
  const { namespace, name, rev } = run.row;
  const events = useAsked(
    'events',
    open ? { parts: { namespace, run: name } } : undefined,
    rev + works.map((work) => work.rev).join(),
  );
  const spec = useAsked('spec', open ? { parts: { namespace, run: name } } : undefined, rev);
  return (
    <details class="block more" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Conditions, events and spec</summary>
      {open && (
        <>
          <h3>Conditions</h3>
          <Conditions conditions={run.conditions} />
          <h3>Events</h3>
          {events.error === undefined ? (
            events.data ? (
              <Events events={events.data} />
            ) : (
              <p class="faint">Loading ...</p>
            )
          ) : (
            <p class="tone-watch">{events.error}</p>
          )}
          <h3>Spec</h3>
          {spec.data && (
            <pre class="text tall" tabIndex={0} aria-label="Spec of the run">
              {JSON.stringify(spec.data, null, 2)}
            </pre>
          )}
        </>
      )}
    </details>
  );
}
