/** Statuses of a run → the graph of what came from what. What was read from the store is added by whoever read it. Pure. */
import type { ExpertDataset } from '../../../api/expertdataset.ts';
import type { ExpertTraining } from '../../../api/experttraining.ts';
import type { WorkStatus } from '../../../api/work.ts';
import type { WorkName } from '../common.ts';
import type { LineageEdge, LineageNode, LineageView } from '../lineage.ts';
import { defined } from './facts.ts';
import type { RunSource } from './run.ts';
import { expertName, indexOf } from './work.ts';

/** What reading a manifest from the store gave. */
export interface Checked {
  verified: 'Verified' | 'Damaged' | 'Unreadable';
  checkedAt: string;
  message?: string;
  /** Digests among its inputs, when it could be read. */
  inputs?: ReadonlySet<string>;
}

export function lineageOf(source: RunSource): { nodes: LineageNode[]; edges: LineageEdge[] } {
  const { training, shards, dataset } = source;
  const nodes: LineageNode[] = [datasetNode(training, dataset)];
  const edges: LineageEdge[] = [];
  const sizes = new Map(dataset?.status?.shards?.map((shard) => [shard.index, shard]));
  for (const { spec, status } of shards.toSorted((a, b) => a.spec.index - b.spec.index)) {
    const { index } = spec;
    const shard = sizes.get(index);
    const [from, to] = [`shard/${index}`, `expert/${index}`];
    nodes.push(
      defined({
        id: from,
        kind: 'Shard' as const,
        title: `shard ${index}`,
        index,
        digest: shard?.digest,
        bytes: shard?.bytes,
        verified: shard ? ('Accepted' as const) : ('Missing' as const),
      }),
      workNode(to, 'Expert', `expert ${index}`, status, index),
    );
    edges.push({ from: 'dataset', to: from }, { from, to });
  }
  const { router, evaluation } = training.status ?? {};
  const experts = shards.filter(({ status }) => status?.accepted !== undefined).map(({ spec }) => `expert/${spec.index}`);
  if (training.spec.router) {
    nodes.push(workNode('router', 'Router', 'router', router));
    edges.push({ from: 'dataset', to: 'router' });
    if (training.spec.router.start === 'WhenExpertsComplete') edges.push(...experts.map((from) => ({ from, to: 'router' })));
  }
  if (training.spec.evaluation) {
    nodes.push(workNode('ensemble', 'Ensemble', 'ensemble', evaluation));
    const parts = [...experts, ...(training.spec.router ? ['router'] : [])];
    edges.push(...parts.map((from) => ({ from, to: 'ensemble' })));
  }
  return { nodes, edges };
}

function datasetNode({ spec, status }: ExpertTraining, dataset: ExpertDataset | undefined): LineageNode {
  const frozen = status?.snapshot?.dataset;
  const digest = frozen?.digest ?? dataset?.status?.digest;
  const manifest = frozen?.manifest ?? dataset?.status?.manifest;
  const verified = digest === undefined ? ('Missing' as const) : ('Accepted' as const);
  return defined({
    id: 'dataset',
    kind: 'Dataset' as const,
    title: `data set ${spec.dataset}`,
    digest,
    manifest,
    verified,
  });
}

/** The newest result of a work whose objects are gone, as its manifest has it. */
export interface PastWork {
  work: WorkName;
  placement: number;
  attempt: number;
  step: number;
  bytes: number;
  manifest: string;
  digest: string;
  inputs: readonly { manifest: string; digest: string }[];
}

/** The graph of a run of which only the bucket is left. Its data set is known by the manifests that name it. */
export function lineageOfPast(works: readonly PastWork[]): { nodes: LineageNode[]; edges: LineageEdge[] } {
  const nodes = new Map<string, LineageNode>();
  for (const { manifest, digest } of works.flatMap(({ inputs }) => inputs))
    if (/\/dataset\/p[0-9]+a[0-9]+\//.test(manifest))
      nodes.set(digest, { id: `dataset/${digest}`, kind: 'Dataset', title: 'data set', manifest, digest, verified: 'Accepted' });
  for (const { work, placement, attempt, step, bytes, manifest, digest } of works) {
    const index = indexOf(work);
    const named =
      index === undefined ? pastNames[work as keyof typeof pastNames] : { kind: 'Expert' as const, title: `expert ${index}` };
    const made = { step, bytes, manifest, digest, attempt: `p${placement}a${attempt}`, verified: 'Accepted' as const };
    nodes.set(digest, defined({ id: work, ...named, work, index, ...made }));
  }
  const edges = works.flatMap(({ work, inputs }) =>
    inputs.flatMap(({ digest }) => {
      const from = nodes.get(digest);
      return from ? [{ from: from.id, to: work }] : [];
    }),
  );
  return { nodes: [...nodes.values()], edges };
}

const pastNames = {
  router: { kind: 'Router', title: 'router' },
  evaluation: { kind: 'Ensemble', title: 'ensemble' },
} as const;

const workNames = { Router: 'router', Ensemble: 'evaluation' } as const;

function workNode(
  id: string,
  kind: 'Expert' | 'Router' | 'Ensemble',
  title: string,
  status: WorkStatus | undefined,
  index?: number,
): LineageNode {
  const accepted = status?.accepted;
  const work = kind === 'Expert' ? expertName(index ?? 0) : workNames[kind];
  const base = { id, kind, title, work, index };
  if (!accepted) return defined({ ...base, verified: 'Missing' as const, message: status?.message });
  const { digest, manifest, step, bytes, placement, attempt, at } = accepted;
  // The island is that of the newest placement; an older one's is not kept.
  const island = status.placement === placement ? status.island : undefined;
  const made = { digest, manifest, step, bytes, attempt: `p${placement}a${attempt}`, island, at };
  return defined({ ...base, ...made, verified: 'Accepted' as const });
}

/** The view, with what was found in the store put in. A shard stands as its data set does, which says why: its files are in that manifest. */
export function lineageView(
  graph: { nodes: LineageNode[]; edges: LineageEdge[] },
  checked: ReadonlyMap<string, Checked>,
  pull: string | undefined,
): LineageView {
  const nodes = graph.nodes.map((node) => {
    const shard = node.kind === 'Shard' && node.verified !== 'Missing';
    const found = checked.get(shard ? 'dataset' : node.id);
    if (!found) return node;
    const { verified, checkedAt, message } = found;
    return defined({ ...node, verified, checkedAt, message: shard ? undefined : message });
  });
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const edges = graph.edges.map((edge) => {
    const inputs = checked.get(edge.to)?.inputs;
    const from = byId.get(edge.from);
    // A shard is a part of its data set: the manifest that was read lists its files.
    if (byId.get(edge.to)?.kind === 'Shard' && inputs === undefined && checked.has('dataset'))
      return { ...edge, named: byId.get(edge.to)?.verified === 'Verified' };
    // An expert names the manifest of the whole data set, of which it reads its own shard.
    const digest = from?.kind === 'Shard' ? byId.get('dataset')?.digest : from?.digest;
    if (!inputs || digest === undefined) return edge;
    return { ...edge, named: inputs.has(digest) };
  });
  return defined({ nodes, edges, sentence: sentence(nodes, edges), pull });
}

function sentence(nodes: readonly LineageNode[], edges: readonly LineageEdge[]): string {
  const damaged = nodes.filter(({ verified }) => verified === 'Damaged');
  if (damaged.length > 0) return `Damaged: ${damaged.map(({ title }) => title).join(', ')}. Retry what is damaged to replace it.`;
  const loose = edges.filter(({ named }) => named === false);
  if (loose.length > 0)
    return `The chain is broken: ${loose.map(({ from, to }) => `${to} does not name the digest of ${from}`).join('; ')}.`;
  const unreadable = nodes.filter(({ verified }) => verified === 'Unreadable').length;
  if (unreadable > 0) return `${unreadable} of ${nodes.length} parts could not be read from the store now.`;
  const missing = nodes.filter(({ verified }) => verified === 'Missing').length;
  const verified = nodes.length - missing;
  return missing === 0
    ? `The whole chain holds: each of ${nodes.length} parts has its digest, and each names what it was made from.`
    : `${verified} of ${nodes.length} parts are made so far.`;
}
