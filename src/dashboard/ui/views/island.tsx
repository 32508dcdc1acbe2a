/** One island: whether it is heard, what it has, and what runs there. */
import { useEffect } from 'preact/hooks';
import type { IslandJobRow, IslandRow, IslandView } from '../../view/island.ts';
import { cordon, uncordon } from '../actions/actions.ts';
import { useAsked } from '../live/asked.ts';
import { held, look, rows } from '../live/stream.ts';
import { Conditions } from '../parts/conditions.tsx';
import { Crumbs } from '../parts/crumbs.tsx';
import { Gpus } from '../parts/gpus.tsx';
import { Meter } from '../parts/meter.tsx';
import { Empty, Failed, Loading } from '../parts/notice.tsx';
import { IslandState, Reachable } from '../parts/reachable.tsx';
import { State } from '../parts/state.tsx';
import { Age } from '../parts/time.tsx';
import { pathOf } from '../route.ts';
import { count, plural } from '../words/number.ts';
import { capital, routeOf, titleOf } from '../words/work.ts';

export function IslandPage({ name }: { name: string }) {
  useEffect(() => look({}), []);
  const row = rows.value.islands.get(name);
  const { data, error, again } = useAsked('island', row && { parts: { island: name } }, row && `${row.rev} ${row.jobs}`);
  if (held.value === undefined) return <Loading what={name} />;
  if (row === undefined)
    return (
      <Empty page title={`There is no island ${name} that you may see`}>
        <p>
          <a href="islands">All islands</a>
        </p>
      </Empty>
    );
  return (
    <>
      <Crumbs steps={[['Islands', 'islands']]} />
      <div class="head">
        <h1>{row.name}</h1>
        <IslandState island={row} />
        <div class="head-actions">
          {data?.may.cordon && (
            <button type="button" class="button" onClick={() => cordon(row)}>
              Cordon
            </button>
          )}
          {data?.may.uncordon && (
            <button type="button" class="button button-main" onClick={() => uncordon(row)}>
              Uncordon
            </button>
          )}
        </div>
      </div>
      <p class="lead">{sentence(row)}</p>
      <Facts row={row} />
      {error !== undefined && <Failed what={`read all of ${name}`} why={error} again={again} />}
      {data && <Detail row={row} island={data} />}
    </>
  );
}

function sentence(row: IslandRow): string {
  const jobs = row.jobs === 0 ? 'Nothing runs there.' : `${plural(row.jobs, 'job')} there.`;
  if (row.message !== undefined && row.state !== 'Ready') return `${row.message} ${jobs}`;
  if (row.draining) return `It is being drained: what runs there saves, stops and goes on elsewhere. ${jobs}`;
  if (row.cordoned) return `It is cordoned: nothing new is placed there. ${jobs}`;
  return row.state === 'Ready' ? `It takes work. ${jobs}` : jobs;
}

function Facts({ row }: { row: IslandRow }) {
  return (
    <dl class="facts sheet padded block">
      <div>
        <dt>Reachable</dt>
        <dd>
          <Reachable island={row} />
        </dd>
      </div>
      <div>
        <dt>GPUs</dt>
        <dd>
          <Gpus gpus={row.gpus} />
        </dd>
      </div>
      {row.cpu !== undefined && (
        <div>
          <dt>CPU and memory</dt>
          <dd>
            {row.cpu} CPUs, {row.memory}
          </dd>
        </div>
      )}
      <div>
        <dt>Agent</dt>
        <dd>{row.version ?? 'unknown'}</dd>
      </div>
      <div>
        <dt>Kubernetes</dt>
        <dd>{row.kubernetes ?? 'unknown'}</dd>
      </div>
      <div>
        <dt>Its clock</dt>
        <dd>
          {row.clockSkew === undefined
            ? 'unknown'
            : row.clockSkew === '0s'
              ? 'agrees with the hub'
              : `${row.clockSkew} against the hub`}
        </dd>
      </div>
      {row.cost !== undefined && (
        <div>
          <dt>One GPU for one hour</dt>
          <dd>{row.cost}</dd>
        </div>
      )}
      <div>
        <dt>Made</dt>
        <dd>
          <Age at={row.createdAt} />
        </dd>
      </div>
    </dl>
  );
}

function Detail({ row, island: { jobs, hidden, conditions, labels } }: { row: IslandRow; island: IslandView }) {
  return (
    <>
      {row.gpus.length > 0 && (
        <section class="block" aria-labelledby="gpus">
          <h2 id="gpus" class="block-head">
            GPUs by model
          </h2>
          <div class="sheet scroll">
            <table class="plain">
              <thead>
                <tr>
                  <th scope="col">Model</th>
                  <th scope="col" class="right">
                    Used
                  </th>
                  <th scope="col" class="right">
                    Free
                  </th>
                  <th scope="col" class="right">
                    Unhealthy
                  </th>
                </tr>
              </thead>
              <tbody>
                {row.gpus.map(({ product, total, free, unhealthy }) => (
                  <tr key={product}>
                    <th scope="row" class="row-head">
                      {product === '' ? 'not named by its nodes' : product}
                    </th>
                    <td class="right">{count(total - free)}</td>
                    <td class="right">{count(free)}</td>
                    <td class={`right ${unhealthy > 0 ? 'tone-bad' : ''}`}>{count(unhealthy)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </section>
      )}
      <section class="block" aria-labelledby="jobs">
        <h2 id="jobs" class="block-head">
          What is placed there
        </h2>
        {jobs.length === 0 ? <p class="soft">Nothing of the namespaces that you may read.</p> : <Jobs jobs={jobs} />}
        {hidden > 0 && <p class="small soft figure-foot">{plural(hidden, 'job')} of namespaces that you may not read.</p>}
      </section>
      <section class="block" aria-labelledby="conditions">
        <h2 id="conditions" class="block-head">
          Conditions
        </h2>
        <Conditions conditions={conditions} />
      </section>
      {Object.keys(labels).length > 0 && (
        <section class="block" aria-labelledby="labels">
          <h2 id="labels" class="block-head">
            Labels
          </h2>
          <dl class="pairs sheet padded small">
            {Object.entries(labels).map(([name, value]) => (
              <>
                <dt class="mono">{name}</dt>
                <dd class="mono">{value}</dd>
              </>
            ))}
          </dl>
        </section>
      )}
    </>
  );
}

function Jobs({ jobs }: { jobs: readonly IslandJobRow[] }) {
  return (
    <div class="sheet scroll" tabIndex={0} role="group" aria-label="Jobs">
      <table class="plain">
        <thead>
          <tr>
            <th scope="col">Of</th>
            <th scope="col">Work</th>
            <th scope="col">State</th>
            <th scope="col">Progress</th>
            <th scope="col" class="right">
              Attempt
            </th>
            <th scope="col">Reason</th>
          </tr>
        </thead>
        <tbody>
          {jobs.map(({ namespace, name, run, dataset, work, state, reason, attempt, step, steps }) => (
            <tr key={`${namespace}/${name}`}>
              <td>
                {run !== undefined ? (
                  <a href={pathOf({ view: 'run', namespace, name: run })}>{`${namespace}/${run}`}</a>
                ) : dataset !== undefined ? (
                  <a href={pathOf({ view: 'dataset', namespace, name: dataset })}>{`${namespace}/${dataset}`}</a>
                ) : (
                  `${namespace}/${name}`
                )}
              </td>
              <td>
                {run === undefined ? (
                  capital(titleOf(work))
                ) : (
                  <a href={pathOf(routeOf({ namespace, run, work }))}>{capital(titleOf(work))}</a>
                )}
              </td>
              <td>
                <State state={state} />
              </td>
              <td>{step !== undefined && steps ? <Meter share={step / steps} label={`Progress of ${name}`} /> : ''}</td>
              <td class="right">{attempt}</td>
              <td>{reason}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
