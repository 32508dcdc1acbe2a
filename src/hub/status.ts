/** Storing the status of an object: one server-side apply of the whole of it, as a compare-and-set, and only when it differs. */
import { fieldManagers } from '../api/labels.ts';
import type { Condition, WorkStatus } from '../api/work.ts';
import type { Clock } from '../clock.ts';
import { type ConditionStatus, setCondition } from '../kube/conditions.ts';
import type { Applied, KubeClient, KubeObject, ResourceType } from '../kube/types.ts';

interface WithStatus<S> extends KubeObject {
  status?: S;
}

export interface StatusWriterOptions<T extends KubeObject, S> {
  client: KubeClient;
  clock: Clock;
  type: ResourceType<T>;
  /** The status without what only shows progress. */
  essence: (status: S) => unknown;
  /** Shortest time in milliseconds between two writes of one object when only progress differs. */
  everyMs: number;
}

export interface WriteOptions {
  /** Send it even when nothing differs, to learn that the object given is the newest there is. */
  confirm?: boolean;
  signal: AbortSignal;
}

export interface StatusWriter<T extends KubeObject, S> {
  /**
   * Stores the status and returns the object as it is then. Throws a conflict when the object is newer than the one given: the
   * decision was made on old facts. `wait` is set when nothing was sent because only progress differs: look again then.
   */
  write(object: T, status: S, options: WriteOptions): Promise<{ object: T; wait?: number }>;
}

const mostRemembered = 16_384;

/**
 * The hub is the only writer of the statuses of ExpertDataset, ExpertTraining and ExpertShard, and each kind has one controller,
 * so the whole status is applied.
 */
export function createStatusWriter<S extends object, T extends WithStatus<S>>(
  options: StatusWriterOptions<T, S>,
): StatusWriter<T, S> {
  const { client, clock, type, essence, everyMs } = options;
  const lastWrite = new Map<string, number>();
  return {
    async write(object, status, { confirm = false, signal }) {
      const { name, namespace, uid, resourceVersion } = object.metadata;
      if (uid === undefined || resourceVersion === undefined)
        throw new Error(`cannot store the status of ${name}: it was never read`);
      if (!confirm) {
        if (sameJson(object.status, status)) return { object };
        const since = clock.now() - (lastWrite.get(uid) ?? Number.NEGATIVE_INFINITY);
        if (since < everyMs && object.status && sameJson(essence(object.status), essence(status))) {
          return { object, wait: everyMs - since };
        }
      }
      const metadata = { name, uid, resourceVersion, ...(namespace === undefined ? {} : { namespace }) };
      const applied = { metadata, status } as Applied<KubeObject> as Applied<T>;
      const now = await client.applyStatus(type, applied, { fieldManager: fieldManagers.hub, force: true, signal });
      lastWrite.delete(uid);
      lastWrite.set(uid, clock.now());
      if (lastWrite.size > mostRemembered) lastWrite.delete(lastWrite.keys().next().value ?? '');
      return { object: now };
    },
  };
}

/** A work without its progress: what is worth a write at once. */
export function workEssence(work: WorkStatus | undefined): unknown {
  return work && { ...work, progress: undefined };
}

/** Whether both are the same as JSON: the order of members does not count, and an undefined one is an absent one. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b))
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((element, at) => sameJson(element, b[at]));
  const [left, right] = [members(a), members(b)];
  return left.size === right.size && [...left].every(([name, value]) => right.has(name) && sameJson(value, right.get(name)));
}

function members(object: object): Map<string, unknown> {
  return new Map(Object.entries(object).filter(([, value]) => value !== undefined));
}

/** Adds conditions to a list one after the other, for one generation of one object at one time. */
export function conditionList(stored: readonly Condition[] | undefined, observedGeneration: number | undefined, now: number) {
  let list = (stored ?? []) as Parameters<typeof setCondition>[0];
  return {
    set(type: string, status: ConditionStatus | boolean, reason: string, message: string): void {
      const word = typeof status === 'boolean' ? (status ? 'True' : 'False') : status;
      const generation = observedGeneration === undefined ? {} : { observedGeneration };
      list = setCondition(list, { type, status: word, reason, message, ...generation }, now);
    },
    get conditions(): Condition[] {
      return [...(list ?? [])];
    },
  };
}
