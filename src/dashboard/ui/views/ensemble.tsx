/** The ensemble: how good it is by the way its experts are mixed, and what it draws. */
import type { EnsembleView, StrategyView } from '../../view/ensemble.ts';
import { urlOf } from '../../view/url.ts';
import { useAsked } from '../live/asked.ts';
import { below } from '../navigation.ts';
import { Copied, Digest } from '../parts/digest.tsx';
import { Empty, Failed, Loading } from '../parts/notice.tsx';
import { NoRun, RunHead, useRun } from '../parts/run-head.tsx';
import { Icon } from '../parts/shapes.tsx';
import { count, listed, measured } from '../words/number.ts';

export function EnsemblePage({ namespace, name }: { namespace: string; name: string }) {
  const run = useRun(namespace, name);
  const { data, error, missing, again } = useAsked(
    'ensemble',
    { parts: { namespace, run: name } },
    typeof run === 'string' ? '' : run.row.rev,
  );
  if (run === 'loading' || run === 'missing') return <NoRun namespace={namespace} name={name} state={run} />;
  return (
    <>
      <RunHead run={run} here="ensemble" />
      {data ? (
        <Ensemble namespace={namespace} name={name} ensemble={data} />
      ) : missing ? (
        <section class="block">
          <Empty title="No ensemble yet">
            <p>It is there when the experts and the router are accepted and the evaluation has measured them together.</p>
          </Empty>
        </section>
      ) : error === undefined ? (
        <Loading what="the ensemble" />
      ) : (
        <Failed what="read the ensemble" why={error} again={again} />
      )}
    </>
  );
}

function Ensemble({ namespace, name, ensemble }: { namespace: string; name: string; ensemble: EnsembleView }) {
  const { present, missing, parameters, routerParameters, strategies, metrics, grid, note, digest, manifest, floor } = ensemble;
  return (
    <>
      {note !== undefined && <p class="block tone-watch">{note}</p>}
      <dl class="facts sheet padded block">
        <div>
          <dt>Experts in it</dt>
          <dd>
            <span class="big number">
              {present.length} of {present.length + missing.length}
            </span>
            {missing.length > 0 && <span class="tone-watch"> without {listed(missing.map((index) => `expert ${index}`))}</span>}
          </dd>
        </div>
        {parameters !== undefined && (
          <div>
            <dt>Parameters</dt>
            <dd>
              <span class="big number">{count(parameters)}</span>
              {routerParameters !== undefined && <span class="small soft"> and {count(routerParameters)} of the router</span>}
            </dd>
          </div>
        )}
        <div>
          <dt>Digest</dt>
          <dd>
            <Digest value={digest} />
          </dd>
        </div>
        <div>
          <dt>Manifest</dt>
          <dd>
            <Copied value={manifest} shown={`...${manifest.slice(-32)}`} what="key of the manifest" />
          </dd>
        </div>
      </dl>
      {strategies.length > 0 && <Strategies strategies={strategies} floor={floor} />}
      {grid && (
        <section class="block" aria-labelledby="samples">
          <h2 id="samples" class="block-head">
            What it draws
          </h2>
          <figure class="sheet padded grid-figure">
            <img
              class="grid-picture"
              src={below(urlOf('grid', { namespace, run: name }))}
              alt="A grid of samples drawn by the ensemble"
            />
            <figcaption class="small soft">
              Samples drawn by the ensemble when it was evaluated; the picture's digest is in the manifest.
            </figcaption>
          </figure>
        </section>
      )}
      <details class="block more">
        <summary>Every metric of the manifest</summary>
        <dl class="pairs sheet padded small">
          {Object.entries(metrics).map(([key, value]) => (
            <>
              <dt class="mono">{key}</dt>
              <dd class="number">{value}</dd>
            </>
          ))}
        </dl>
      </details>
    </>
  );
}

function Strategies({ strategies, floor }: { strategies: readonly StrategyView[]; floor: number | undefined }) {
  const worst = (of: (one: StrategyView) => number | undefined) => Math.max(...strategies.map((one) => of(one) ?? 0));
  const most = { loss: worst(({ loss }) => loss), frechet: worst(({ frechet }) => frechet) };
  const best = strategies.find(({ recommended }) => recommended);
  return (
    <section class="block" aria-labelledby="strategies">
      <h2 id="strategies" class="block-head">
        By the way the experts are mixed
      </h2>
      <p class="small soft figure-lead">
        {best ? `The manifest names ${best.name}. ` : ''}Lower loss and lower Fréchet distance are better
        {floor === undefined ? '' : `; real data against real data has a distance of ${measured(floor)}`}.
      </p>
      <div class="sheet scroll" tabIndex={0} role="group" aria-label="Metrics by strategy">
        <table class="plain strategies">
          <caption class="hidden">Metrics by strategy</caption>
          <thead>
            <tr>
              <th scope="col">Strategy</th>
              <th scope="col">Held-out loss</th>
              <th scope="col">Fréchet distance</th>
              <th scope="col" class="right">
                Spread over seeds
              </th>
              <th scope="col" class="right">
                Seen as asked for
              </th>
            </tr>
          </thead>
          <tbody>
            {strategies.map(({ name, loss, frechet, spread, agreement, recommended }) => (
              <tr key={name}>
                <th scope="row" class="row-head">
                  {name}
                  {recommended && (
                    <span class="state tone-good small">
                      <Icon shape="check" />
                      named by the manifest
                    </span>
                  )}
                </th>
                <td>
                  <Measure value={loss} most={most.loss} />
                </td>
                <td>
                  <Measure value={frechet} most={most.frechet} />
                </td>
                <td class="right">{spread === undefined ? '' : measured(spread)}</td>
                <td class="right">{agreement === undefined ? '' : `${measured(agreement * 100)} %`}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Measure({ value, most }: { value: number | undefined; most: number }) {
  if (value === undefined) return <span class="faint">not measured</span>;
  return (
    <span class="measure">
      <span class="number">{measured(value)}</span>
      <span class="bar-track" aria-hidden="true">
        <span class="bar-fill" style={{ width: `${most === 0 ? 0 : (value / most) * 100}%` }} />
      </span>
    </span>
  );
}
