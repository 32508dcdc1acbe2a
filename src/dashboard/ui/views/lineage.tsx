/** Where the result comes from: data set, shards, experts, router, ensemble, each by a digest that was checked or was not. */
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { LineageEdge, LineageNode, LineageView } from '../../view/lineage.ts';
import { useAsked } from '../live/asked.ts';
import { Copied, Digest } from '../parts/digest.tsx';
import { Failed, Loading } from '../parts/notice.tsx';
import { NoRun, RunHead, useRun } from '../parts/run-head.tsx';
import { State } from '../parts/state.tsx';
import { Age } from '../parts/time.tsx';
import { pathOf } from '../route.ts';
import { bytes, count } from '../words/number.ts';
import type { Look } from '../words/states.ts';
import { capital } from '../words/work.ts';

const columns: [LineageNode['kind'], string][] = [
  ['Dataset', 'Data set'],
  ['Shard', 'Shards'],
  ['Expert', 'Experts'],
  ['Router', 'Router'],
  ['Ensemble', 'Ensemble'],
];

const looks: Record<LineageNode['verified'], Look> = {
  Verified: { tone: 'good', shape: 'check' },
  Accepted: { tone: 'quiet', shape: 'ring' },
  Damaged: { tone: 'bad', shape: 'cross' },
  Unreadable: { tone: 'watch', shape: 'question' },
  Missing: { tone: 'wait', shape: 'clock' },
};

const words: Record<LineageNode['verified'], string> = {
  Verified: 'Verified',
  Accepted: 'Accepted',
  Damaged: 'Damaged',
  Unreadable: 'Unreadable',
  Missing: 'NotMadeYet',
};

const meanings: Record<LineageNode['verified'], string> = {
  Verified: 'read from the store just now: the manifest has this digest, and its files are there',
  Accepted: 'checked by the hub when it was accepted, not read again yet',
  Damaged: 'not what the digest says',
  Unreadable: 'the store does not answer',
  Missing: 'what it is made from is not complete',
};

export function LineagePage({ namespace, name }: { namespace: string; name: string }) {
  const run = useRun(namespace, name);
  const { data, error, again } = useAsked(
    'lineage',
    { parts: { namespace, run: name } },
    typeof run === 'string' ? '' : run.row.rev,
  );
  if (run === 'loading' || run === 'missing') return <NoRun namespace={namespace} name={name} state={run} />;
  return (
    <>
      <RunHead run={run} here="lineage" />
      {error !== undefined && <Failed what="read the lineage" why={error} again={again} />}
      {data ? (
        <Lineage namespace={namespace} name={name} lineage={data} again={again} />
      ) : (
        error === undefined && <Loading what="the lineage" />
      )}
    </>
  );
}

function Lineage({
  namespace,
  name,
  lineage,
  again,
}: {
  namespace: string;
  name: string;
  lineage: LineageView;
  again: () => void;
}) {
  const seen = [...new Set(lineage.nodes.map(({ verified }) => verified))];
  return (
    <>
      <section class="block" aria-labelledby="chain">
        <div class="block-head">
          <h2 id="chain">From the data set to the ensemble</h2>
          <button type="button" class="button button-small" onClick={again}>
            Check again
          </button>
        </div>
        <p class="figure-lead">{lineage.sentence}</p>
        <Graph lineage={lineage} expert={(index) => pathOf({ view: 'expert', namespace, name, index })} />
        <ul class="legend">
          {seen.map((one) => (
            <li key={one}>
              <State state={words[one]} look={looks[one]} />: {meanings[one]}
            </li>
          ))}
          <li>Dashed: the later manifest does not name the earlier one's digest, or is not read yet.</li>
        </ul>
      </section>
      {lineage.pull !== undefined && (
        <section class="block" aria-labelledby="pull">
          <h2 id="pull" class="block-head">
            Bring it to your machine, verified
          </h2>
          <pre class="text">
            <Copied value={lineage.pull} what="command" />
          </pre>
        </section>
      )}
    </>
  );
}

interface Drawn extends LineageEdge {
  path: string;
}

interface GraphProps {
  lineage: LineageView;
  /** Address of an expert; absent where it has none any more. */
  expert?: (index: number) => string;
}

/** Columns of cards, and lines between them that are placed where the cards turn out to be. */
export function Graph({ lineage, expert }: GraphProps) {
  const place = useRef<HTMLDivElement>(null);
  const [drawn, draw] = useState<{ edges: Drawn[]; width: number; height: number }>({ edges: [], width: 0, height: 0 });
  useLayoutEffect(() => {
    const element = place.current;
    if (element === null) return;
    const measure = () => {
      const origin = element.getBoundingClientRect();
      const boxes = new Map(
        [...element.querySelectorAll<HTMLElement>('[data-node]')].map((card) => [
          card.dataset['node'],
          card.getBoundingClientRect(),
        ]),
      );
      const edges = lineage.edges.flatMap((edge) => {
        const from = boxes.get(edge.from);
        const to = boxes.get(edge.to);
        // On narrow screens the columns stand below one another: then nothing is drawn.
        if (!from || !to || to.left <= from.right) return [];
        const [x1, y1] = [from.right - origin.left, from.top + from.height / 2 - origin.top];
        const [x2, y2] = [to.left - origin.left, to.top + to.height / 2 - origin.top];
        const bend = (x2 - x1) / 2;
        return [{ ...edge, path: `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}` }];
      });
      draw({ edges, width: element.scrollWidth, height: element.scrollHeight });
    };
    measure();
    const resized = new ResizeObserver(measure);
    resized.observe(element);
    return () => resized.disconnect();
  }, [lineage]);
  return (
    <div class="lineage" ref={place}>
      <svg class="lineage-edges" width={drawn.width} height={drawn.height} aria-hidden="true">
        {drawn.edges.map(({ from, to, named, path }) => (
          <path key={`${from} ${to}`} d={path} class={named ? 'edge' : 'edge edge-open'} />
        ))}
      </svg>
      {columns.map(([kind, title]) => {
        const nodes = lineage.nodes.filter((node) => node.kind === kind);
        return (
          nodes.length > 0 && (
            <section key={kind} class={`lineage-column lineage-${kind.toLowerCase()}`} aria-label={title}>
              <h3 class="lineage-title">{title}</h3>
              <ul>
                {nodes.map((node) => (
                  <Card key={node.id} node={node} expert={expert} />
                ))}
              </ul>
            </section>
          )
        );
      })}
    </div>
  );
}

function Card({ node, expert }: { node: LineageNode; expert: GraphProps['expert'] }) {
  const { id, kind, title, index, digest, step, bytes: size, attempt, island, at, verified, message } = node;
  const facts = [
    step === undefined ? undefined : `step ${count(step)}`,
    size === undefined ? undefined : bytes(size),
    attempt,
    island === undefined ? undefined : `on ${island}`,
  ].filter((one) => one !== undefined);
  return (
    <li class={`lineage-card card-${looks[verified].tone}`} data-node={id}>
      <p class="lineage-name">
        {expert && kind === 'Expert' && index !== undefined ? <a href={expert(index)}>{capital(title)}</a> : capital(title)}
      </p>
      <State state={words[verified]} look={looks[verified]} />
      {digest !== undefined && <Digest value={digest} />}
      {facts.length > 0 && <p class="small soft">{facts.join(', ')}</p>}
      {at !== undefined && (
        <p class="small faint">
          <Age at={at} />
        </p>
      )}
      {message !== undefined && <p class={`small tone-${looks[verified].tone}`}>{message}</p>}
    </li>
  );
}
