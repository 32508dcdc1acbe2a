/** The parts of a run in their order: data set, experts, router, evaluation. */
import type { ComponentChildren } from 'preact';
import type { RunView } from '../../view/run.ts';
import type { WorkRow } from '../../view/work.ts';
import { rows } from '../live/stream.ts';
import { pathOf } from '../route.ts';
import { percent } from '../words/number.ts';
import { inWords } from '../words/states.ts';
import { ExpertsBar } from './experts-bar.tsx';
import { State } from './state.tsx';

export function Stages({ run }: { run: RunView }) {
  const { namespace, name, experts } = run.row;
  const dataset = rows.value.datasets.get(`${namespace}/${run.dataset.name}`);
  return (
    <ol class="stages block" aria-label="Parts of the run">
      <Stage
        title="Data set"
        more={<a href={pathOf({ view: 'dataset', namespace, name: run.dataset.name })}>{run.dataset.name}</a>}
      >
        {dataset ? <State state={dataset.state} /> : <State state={run.dataset.digest === undefined ? 'Waiting' : 'Ready'} />}
      </Stage>
      <Stage
        title="Experts"
        more={experts.blocked > 0 ? <span class="tone-bad">{experts.blocked} blocked</span> : standing(experts)}
      >
        <ExpertsBar experts={experts} />
      </Stage>
      {run.router && <Part title="Router" work={run.router} />}
      {run.evaluation && <Part title="Evaluation" work={run.evaluation} />}
      <Stage
        title="Ensemble"
        more={run.ensemble ? <a href={pathOf({ view: 'ensemble', namespace, name })}>how good it is</a> : undefined}
      >
        {run.ensemble ? <State state="Ready" /> : <State state="Waiting" />}
      </Stage>
    </ol>
  );
}

const standing = ({ total, accepted, running }: RunView['row']['experts']): string =>
  total > 0 && accepted === total ? 'all accepted' : `${running} in training`;

function Part({ title, work }: { title: string; work: WorkRow }) {
  const share = work.step !== undefined && work.steps ? work.step / work.steps : undefined;
  const where = [
    work.island,
    share !== undefined && work.state === 'Running' ? percent(share) : undefined,
    (work.state === 'Waiting' || work.state === 'Blocked') && work.reason !== undefined ? inWords(work.reason) : undefined,
  ];
  return (
    <Stage title={title} more={where.filter((text) => text !== undefined).join(', ')}>
      <State state={work.state} />
    </Stage>
  );
}

function Stage({ title, more, children }: { title: string; more?: ComponentChildren; children: ComponentChildren }) {
  return (
    <li class="stage">
      <span class="stage-title">{title}</span>
      {children}
      {more !== undefined && more !== '' && <span class="small soft">{more}</span>}
    </li>
  );
}
