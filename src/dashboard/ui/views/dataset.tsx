/** One data set: how large its shards are, how uneven, and which runs train on it. */
import { useEffect } from 'preact/hooks';
import type { DatasetRow, DatasetView, ShardView } from '../../view/dataset.ts';
import { urlOf } from '../../view/url.ts';
import { approve } from '../actions/actions.ts';
import { useAsked } from '../live/asked.ts';
import { held, look, rows } from '../live/stream.ts';
import { below } from '../navigation.ts';
import { Conditions } from '../parts/conditions.tsx';
import { Crumbs } from '../parts/crumbs.tsx';
import { Copied, Digest } from '../parts/digest.tsx';
import { Meter } from '../parts/meter.tsx';
import { Empty, Failed, Loading } from '../parts/notice.tsx';
import { State } from '../parts/state.tsx';
import { pathOf } from '../route.ts';
import { bytes, count, measured, plural } from '../words/number.ts';
import { inWords } from '../words/states.ts';
import { partsOfId } from '../words/work.ts';
import { FailureCard } from './expert/failure.tsx';

export function DatasetPage({ namespace, name }: { namespace: string; name: string }) {
  useEffect(() => look({}), []);
  const row = rows.value.datasets.get(`${namespace}/${name}`);
  const { data, error, again } = useAsked('dataset', row && { parts: { namespace, dataset: name } }, row?.rev);
  if (held.value === undefined) return <Loading what={`${namespace}/${name}`} />;
  if (row === undefined)
    return (
      <Empty page title={`There is no data set ${namespace}/${name} that you may read`}>
        <p>
          <a href="datasets">All data sets</a>
        </p>
      </Empty>
    );
  return (
    <>
      <Crumbs
        steps={[
          ['Data sets', 'datasets'],
          [namespace, `datasets?q=${encodeURIComponent(`${namespace}/`)}`],
        ]}
      />
      <div class="head">
        <h1>{name}</h1>
        <State state={row.state} />
        <div class="head-actions">
          {data?.may.approve && data.digest !== undefined && (
            <button type="button" class="button button-main" onClick={() => approve(namespace, name, data.digest ?? '')}>
              Accept the partition
            </button>
          )}
        </div>
      </div>
      <p class="lead">{data?.sentence ?? ''}</p>
      {error !== undefined && <Failed what={`read all of ${name}`} why={error} again={again} />}
      <Facts row={row} dataset={data} />
      {data?.partition?.failure && row.state !== 'Ready' && <FailureCard failure={data.partition.failure} />}
      {data && <Shards row={row} dataset={data} />}
      {data && (
        <section class="block" aria-labelledby="conditions">
          <h2 id="conditions" class="block-head">
            Conditions
          </h2>
          <Conditions conditions={data.conditions} />
        </section>
      )}
    </>
  );
}

function Facts({ row, dataset }: { row: DatasetRow; dataset: DatasetView | undefined }) {
  return (
    <dl class="facts sheet padded block">
      {row.progress !== undefined && row.state === 'Partitioning' && (
        <div>
          <dt>Partition</dt>
          <dd>
            <Meter share={row.progress} label="Progress of the partition" />
          </dd>
        </div>
      )}
      <div>
        <dt>Shards</dt>
        <dd>
          <span class="big number">{row.experts}</span> <span class="small soft">cut by {inWords(row.method)}</span>
        </dd>
      </div>
      <div>
        <dt>Samples</dt>
        <dd>
          <span class="big number">{row.samples === undefined ? 'not known' : count(row.samples)}</span>
          {dataset?.heldOut !== undefined && <span class="small soft"> and {count(dataset.heldOut)} held out</span>}
        </dd>
      </div>
      {row.bytes !== undefined && (
        <div>
          <dt>Size</dt>
          <dd class="big number">{bytes(row.bytes)}</dd>
        </div>
      )}
      {row.skew !== undefined && (
        <div>
          <dt>Skew, largest by smallest</dt>
          <dd>
            <span class={`big number ${dataset && row.skew > dataset.maxSkew ? 'tone-bad' : ''}`}>{measured(row.skew)}</span>
            {dataset && <span class="small soft"> of at most {dataset.maxSkew}</span>}
          </dd>
        </div>
      )}
      {dataset?.digest !== undefined && (
        <div>
          <dt>Digest</dt>
          <dd>
            <Digest value={dataset.digest} />
          </dd>
        </div>
      )}
      {dataset && dataset.runs.length > 0 && (
        <div>
          <dt>Runs on it</dt>
          <dd>
            {dataset.runs.map((id, index) => (
              <>
                {index > 0 && ', '}
                <RunLink id={id} namespace={row.namespace} />
              </>
            ))}
          </dd>
        </div>
      )}
    </dl>
  );
}

/** Runs are named with or without their namespace, which is that of the data set. */
function RunLink({ id, namespace }: { id: string; namespace: string }) {
  const name = id.includes('/') ? partsOfId(id).name : id;
  return <a href={pathOf({ view: 'run', namespace, name })}>{name}</a>;
}

function Shards({ row, dataset }: { row: DatasetRow; dataset: DatasetView }) {
  const { shards } = dataset;
  if (shards.length === 0)
    return (
      <section class="block">
        <Empty title="Not cut yet">
          <p>The sizes of its shards are shown here as soon as the partition is accepted.</p>
        </Empty>
      </section>
    );
  const most = Math.max(...shards.map(({ samples }) => samples));
  const mean = shards.reduce((sum, { samples }) => sum + samples, 0) / shards.length;
  const pictures = shards.some(({ thumbnail }) => thumbnail);
  return (
    <section class="block" aria-labelledby="shards">
      <h2 id="shards" class="block-head">
        Shards
      </h2>
      <p class="small soft figure-lead">{told(shards, mean)}</p>
      <div class="sheet scroll" tabIndex={0} role="group" aria-label="Shards">
        <table class="plain shards">
          <caption class="hidden">Shards of the data set</caption>
          <thead>
            <tr>
              <th scope="col">Shard</th>
              {pictures && <th scope="col">Some of it</th>}
              <th scope="col" class="right">
                Samples
              </th>
              <th scope="col" class="bar-cell">
                <span class="hidden">Samples as a bar</span>
              </th>
              <th scope="col" class="right">
                Against the mean
              </th>
              <th scope="col" class="right">
                Size
              </th>
              <th scope="col">Digest</th>
            </tr>
          </thead>
          <tbody>
            {shards.map(({ index, samples, bytes: size, share, digest, thumbnail }) => (
              <tr key={index}>
                <th scope="row" class="row-head">
                  {index}
                </th>
                {pictures && (
                  <td>
                    {thumbnail && (
                      <img
                        class="thumbnail"
                        loading="lazy"
                        alt={`Some samples of shard ${index}`}
                        src={below(urlOf('thumbnail', { namespace: row.namespace, dataset: row.name, index }))}
                      />
                    )}
                  </td>
                )}
                <td class="right">{count(samples)}</td>
                <td class="bar-cell">
                  <span class="bar-track" aria-hidden="true">
                    <span class="bar-fill" style={{ width: `${(samples / most) * 100}%` }} />
                    <span class="bar-mean" style={{ left: `${(mean / most) * 100}%` }} />
                  </span>
                </td>
                <td class="right">{Math.round(share * 100)} %</td>
                <td class="right nowrap">{bytes(size)}</td>
                <td>
                  {digest === undefined ? (
                    ''
                  ) : (
                    <Copied value={digest} shown={digest.slice(7, 19)} what={`digest of shard ${index}`} />
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="legend figure-foot" aria-hidden="true">
        <span>
          <svg width="8" height="12" viewBox="0 0 8 12">
            <path class="legend-mean" d="M4 0v12" />
          </svg>
          mean of all shards
        </span>
      </p>
    </section>
  );
}

function told(shards: readonly ShardView[], mean: number): string {
  const sorted = shards.toSorted((a, b) => a.samples - b.samples);
  const [smallest] = sorted;
  const largest = sorted.at(-1);
  if (smallest === undefined || largest === undefined) return '';
  if (smallest.samples === largest.samples)
    return `${plural(shards.length, 'shard')} of ${count(smallest.samples)} samples each.`;
  return `The largest, shard ${largest.index}, has ${count(largest.samples)} samples; the smallest, shard ${smallest.index}, has ${count(smallest.samples)}. The mean is ${count(Math.round(mean))}.`;
}
