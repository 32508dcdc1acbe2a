/** What stands above each view of a run: where one is, its name and state, what can be done with it, and its views. */
import { useEffect } from 'preact/hooks';
import type { RunView } from '../../view/run.ts';
import { resume, suspend } from '../actions/actions.ts';
import { held, heldScope, look, rows } from '../live/stream.ts';
import { pathOf, type Route } from '../route.ts';
import { Crumbs } from './crumbs.tsx';
import { Empty, Loading } from './notice.tsx';
import { State } from './state.tsx';

/** The run, once the stream has it; else what to show instead. */
export function useRun(namespace: string, name: string): RunView | 'loading' | 'missing' {
  const id = `${namespace}/${name}`;
  useEffect(() => look({ run: id }), [id]);
  if (held.value === undefined) return 'loading';
  const { view } = rows.value;
  if (view?.row.id === id) return { ...view, row: rows.value.runs.get(id) ?? view.row };
  return heldScope.value.run === id ? 'missing' : 'loading';
}

export function NoRun({ namespace, name, state }: { namespace: string; name: string; state: 'loading' | 'missing' }) {
  if (state === 'loading') return <Loading what={`${namespace}/${name}`} />;
  return (
    <Empty page title={`There is no run ${namespace}/${name} that you may read`}>
      <p>
        It may have been deleted, or your rights do not reach it:{' '}
        <code>kubectl auth can-i get experttrainings -n {namespace}</code> says which.
      </p>
      <p>
        <a href="runs">All runs that you may read</a>
      </p>
    </Empty>
  );
}

export function RunHead({ run, here }: { run: RunView; here: 'run' | 'lineage' | 'ensemble' }) {
  const { row, may } = run;
  const { namespace, name } = row;
  const tab = (view: 'run' | 'lineage' | 'ensemble', title: string) => {
    const to: Route = { view, namespace, name };
    return (
      <a href={pathOf(to)} aria-current={here === view ? 'page' : undefined}>
        {title}
      </a>
    );
  };
  return (
    <>
      <Crumbs
        steps={[
          ['Runs', 'runs'],
          [namespace, `runs?namespace=${encodeURIComponent(namespace)}`],
        ]}
      />
      <div class="head">
        <h1>{name}</h1>
        <State state={row.state} />
        <div class="head-actions">
          {may.suspend && (
            <button type="button" class="button" onClick={() => suspend(row)}>
              Suspend
            </button>
          )}
          {may.resume && (
            <button type="button" class="button button-main" onClick={() => resume(row)}>
              Resume
            </button>
          )}
        </div>
      </div>
      <p class="lead">{run.sentence}</p>
      <nav class="tabs" aria-label="Views of this run">
        {tab('run', 'Overview')}
        {tab('lineage', 'Lineage')}
        {tab('ensemble', 'Ensemble')}
      </nav>
    </>
  );
}
