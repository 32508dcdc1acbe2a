/** Which nodes the next attempt keeps away from: those that failed, as long as enough others fit. Pure. */
import type { IslandJobSpec } from '../api/islandjob.ts';
import type { AttemptRecord } from '../api/work.ts';
import type { Node } from '../kube/core.ts';
import { gpuProductLabel, gpuResource, isUsable } from './capacity.ts';
import { healthOf } from './health/node.ts';
import { quantity } from './quantity.ts';

export interface Avoidance {
  /** Names of nodes, newest failure first, at most 8. */
  readonly avoid: readonly string[];
  /** Nodes that would have been avoided, if others were left. */
  readonly dropped: readonly string[];
}

/** For so long a node that failed is kept away from. */
const REMEMBERED_MS = 24 * 3_600_000;
const MOST = 8;

type Wanted = Pick<IslandJobSpec, 'container' | 'nodes'>;
type Taint = NonNullable<NonNullable<Node['spec']>['taints']>[number];

export function avoidance(spec: Wanted, attempts: readonly AttemptRecord[], nodes: readonly Node[], now: number): Avoidance {
  const fitting = nodes.map((node) => ({ node, room: roomOn(node, spec) })).filter(({ room }) => room > 0);
  const bad = new Set([...failed(attempts, now), ...faulty(nodes, spec)]);
  const avoid = [...bad].filter((name) => fitting.some(({ node }) => node.metadata.name === name)).slice(0, MOST);
  const left = fitting.filter(({ node }) => !avoid.includes(node.metadata.name));
  const places = left.reduce((all, { room }) => all + room, 0);
  // When more than half of the nodes look bad, it is rather the work, or the island, than the nodes.
  const tooMany = avoid.length * 2 > fitting.length;
  return tooMany || places < spec.nodes ? { avoid: [], dropped: avoid } : { avoid, dropped: [] };
}

/** Nodes of attempts that were to go on elsewhere, the newest first. */
function failed(attempts: readonly AttemptRecord[], now: number): string[] {
  return attempts
    .filter(({ action, finishedAt = '' }) => action === 'RetryElsewhere' && now - Date.parse(finishedAt) < REMEMBERED_MS)
    .flatMap(({ node }) => node ?? [])
    .toReversed();
}

/** Nodes that say themselves that a GPU is faulty; conditions keep no scheduler away. */
function faulty(nodes: readonly Node[], { container }: Wanted): string[] {
  if (!container.resources.gpus) return [];
  return nodes.filter((node) => healthOf(node).gpu.length > 0).map(({ metadata }) => metadata.name);
}

/** How many pods of the work an empty node could hold. */
function roomOn(node: Node, { container }: Wanted): number {
  const { cpu, memory, gpus = 0, gpuProduct } = container.resources;
  const labels = node.metadata.labels ?? {};
  const wanted = Object.entries({
    ...container.nodeSelector,
    ...(gpuProduct === undefined ? {} : { [gpuProductLabel]: gpuProduct }),
  });
  if (!isUsable(node) || !wanted.every(([key, value]) => labels[key] === value)) return 0;
  if (!(node.spec?.taints ?? []).every((taint) => tolerated(taint, container, gpus))) return 0;
  const allocatable = node.status?.allocatable ?? {};
  const times = (name: string, amount: number) => Math.floor(quantity(allocatable[name]) / amount);
  return Math.min(
    times('cpu', quantity(cpu)),
    times('memory', quantity(memory)),
    ...(gpus > 0 ? [times(gpuResource, gpus)] : []),
  );
}

function tolerated(taint: Taint, { tolerations = [] }: Wanted['container'], gpus: number): boolean {
  if (taint.effect === 'PreferNoSchedule' || (gpus > 0 && taint.key === gpuResource)) return true;
  return tolerations.some(
    ({ key, operator = 'Equal', value = '', effect }) =>
      (key === undefined || key === taint.key) &&
      (operator === 'Exists' || value === (taint.value ?? '')) &&
      (effect === undefined || effect === taint.effect),
  );
}
