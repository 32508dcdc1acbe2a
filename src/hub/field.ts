/** What placement looks at, counted as it changes: each island, what the hub has placed there, and what runs and namespaces use. */

export interface IslandView {
  name: string;
  labels: Readonly<Record<string, string>>;
  approved: boolean;
  cordoned: boolean;
  draining?: boolean;
  ready: boolean;
  /** Why it is not ready. */
  unready?: string;
  /** Lower is preferred; an island without a stated cost counts as 0. */
  cost: number;
  /** Most GPUs Atoll may use there at once. */
  gpuLimit?: number;
  gpus: readonly GpuPool[];
}

export interface GpuPool {
  product: string;
  total: number;
  /** As last reported by the island; works placed since then are not in it. */
  free: number;
}

/** A placement that the hub made and that has not ended. */
export interface RunningWork {
  island: string;
  /** Its run: usually the training's uid. */
  group: string;
  namespace: string;
  gpus: number;
  gpuProduct?: string;
  /** Whether its pods are in the island's own count of used GPUs by now. */
  started: boolean;
  /** It was told to stop. */
  stopping?: boolean;
}

/** An island and what the hub has placed there. */
export interface Spot {
  readonly name: string;
  /** Undefined while only works tell of it. */
  readonly view: IslandView | undefined;
  readonly works: ReadonlyMap<string, RunningWork>;
  /** GPUs of all works here. */
  readonly gpus: number;
  /** GPUs of works that the island has not counted yet, by product; '' for those that take any. */
  readonly unseen: ReadonlyMap<string, number>;
  readonly ofGroup: ReadonlyMap<string, number>;
}

/** GPUs that a namespace may use at once. */
export type Quotas = Readonly<Record<string, { gpus: number }>>;

export interface Field {
  /** Islands in the order of their names. */
  spots(): readonly Spot[];
  /** GPUs that a run uses. */
  usedBy(group: string): number;
  quotaOf(namespace: string): { used: number; gpus: number } | undefined;
}

export interface WritableField extends Field {
  setIsland(view: IslandView): void;
  dropIsland(name: string): void;
  /** A work under a key that is its own; it replaces what had that key. */
  put(key: string, work: RunningWork): void;
  remove(key: string): void;
  get(key: string): RunningWork | undefined;
}

interface Counts {
  name: string;
  view: IslandView | undefined;
  works: Map<string, RunningWork>;
  gpus: number;
  unseen: Map<string, number>;
  ofGroup: Map<string, number>;
}

export function createField(quotas: Quotas = {}): WritableField {
  const spots = new Map<string, Counts>();
  const where = new Map<string, string>();
  const byGroup = new Map<string, number>();
  const byNamespace = new Map<string, number>();
  let sorted: readonly Counts[] | undefined;

  function spotOf(name: string): Counts {
    const known = spots.get(name);
    if (known) return known;
    const made = { name, view: undefined, works: new Map(), gpus: 0, unseen: new Map(), ofGroup: new Map() };
    spots.set(name, made);
    sorted = undefined;
    return made;
  }

  function count(spot: Counts, work: RunningWork, sign: 1 | -1): void {
    const gpus = sign * work.gpus;
    spot.gpus += gpus;
    add(spot.ofGroup, work.group, sign);
    if (!work.started) add(spot.unseen, work.gpuProduct ?? '', gpus);
    // What was told to stop on an island that is away is given up, and takes nothing from those who wait.
    if (work.stopping && !spot.view?.ready) return;
    add(byGroup, work.group, gpus);
    add(byNamespace, work.namespace, gpus);
  }

  function setView(spot: Counts, view: IslandView | undefined): void {
    for (const work of spot.works.values()) count(spot, work, -1);
    spot.view = view;
    for (const work of spot.works.values()) count(spot, work, 1);
  }

  const field: WritableField = {
    spots: () => (sorted ??= [...spots.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))),
    usedBy: (group) => byGroup.get(group) ?? 0,
    quotaOf(namespace) {
      const gpus = quotas[namespace]?.gpus;
      return gpus === undefined ? undefined : { gpus, used: byNamespace.get(namespace) ?? 0 };
    },
    setIsland: (view) => setView(spotOf(view.name), view),
    dropIsland(name) {
      const spot = spots.get(name);
      if (spot) setView(spot, undefined);
      if (spot && spot.works.size === 0) forget(name);
    },
    put(key, work) {
      field.remove(key);
      const spot = spotOf(work.island);
      spot.works.set(key, work);
      where.set(key, work.island);
      count(spot, work, 1);
    },
    remove(key) {
      const name = where.get(key);
      const spot = name === undefined ? undefined : spots.get(name);
      const work = spot?.works.get(key);
      if (name === undefined || !spot || !work) return;
      spot.works.delete(key);
      where.delete(key);
      count(spot, work, -1);
      if (!spot.view && spot.works.size === 0) forget(name);
    },
    get(key) {
      const name = where.get(key);
      return name === undefined ? undefined : spots.get(name)?.works.get(key);
    },
  };
  function forget(name: string): void {
    spots.delete(name);
    sorted = undefined;
  }
  return field;
}

function add(counts: Map<string, number>, key: string, value: number): void {
  const sum = (counts.get(key) ?? 0) + value;
  if (sum === 0) counts.delete(key);
  else counts.set(key, sum);
}
