/** "Needs you": what only a person can move on first, then what somebody should know. */
import type { Need, RunView } from '../../view/run.ts';
import { approve, move, resume, retry } from '../actions/actions.ts';
import { rows } from '../live/stream.ts';
import { pathOf } from '../route.ts';
import { capital, routeOf, titleOf } from '../words/work.ts';
import { Icon } from './shapes.tsx';

export function Needs({ run }: { run: RunView }) {
  const { needsYou } = run;
  if (needsYou.length === 0) return null;
  return (
    <section class="block" aria-labelledby="needs">
      <h2 id="needs" class="hidden">
        Needs you
      </h2>
      <ul class="needs">
        {needsYou.map((need) => (
          <li key={need.id} class={`need need-${need.urgency}`}>
            <Icon shape={need.urgency === 'act' ? 'triangle' : 'clock'} />
            <div class="need-text">
              <p class="need-label">{need.urgency === 'act' ? 'Needs you' : 'Good to know'}</p>
              <p class="need-what">{need.what}</p>
              <p class="soft">{need.todo}</p>
            </div>
            <div class="need-actions">
              <Act need={need} run={run} />
              <Where need={need} run={run} />
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Act({ need, run }: { need: Need; run: RunView }) {
  const { namespace, name } = run.row;
  const work = need.work === undefined ? undefined : rows.value.works.get(`${namespace}/${name}/${need.work}`);
  const act =
    need.action === 'resume'
      ? () => resume(run.row)
      : need.action === 'retry' && work
        ? () => retry(work)
        : need.action === 'move' && work
          ? () => move(work, [])
          : need.action === 'approve' && need.digest !== undefined
            ? () => approve(namespace, run.dataset.name, need.digest ?? '')
            : undefined;
  if (act === undefined || need.action === undefined) return null;
  return (
    <button type="button" class="button button-main" onClick={act}>
      {capital(need.action)}
      {need.work !== undefined && <span class="hidden"> {titleOf(need.work)}</span>}
    </button>
  );
}

function Where({ need, run }: { need: Need; run: RunView }) {
  const { namespace, name } = run.row;
  return (
    <>
      {need.work?.startsWith('expert-') && (
        <a class="button" href={pathOf(routeOf({ namespace, run: name, work: need.work }))}>
          {capital(titleOf(need.work))}
        </a>
      )}
      {need.island !== undefined && (
        <a class="button" href={pathOf({ view: 'island', name: need.island })}>
          Island {need.island}
        </a>
      )}
    </>
  );
}
