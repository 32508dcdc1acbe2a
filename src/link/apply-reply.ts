/** The island's side of the protocol as a pure decision: from a reply of the hub and what is here to what is done about it. */
import { isDeepStrictEqual } from 'node:util';
import { type IslandJob, type IslandJobSpec, islandJobSpec } from '../api/islandjob.ts';
import type { AdmitJob, JobName } from '../api/islandreport.ts';
import { annotations } from '../api/labels.ts';
import type { Reason } from '../api/reasons.ts';
import { hubUidOf } from './answer.ts';
import { liveNames } from './digest.ts';
import type { Put, Standing } from './messages.ts';

export type PutAction =
  | { type: 'Create'; put: Put }
  /** The same work under a new uid: the hub lost and made it again. */
  | { type: 'Adopt'; put: Put; mirror: IslandJob }
  | { type: 'Patch'; put: Put; mirror: IslandJob }
  | { type: 'Refuse'; put: Put; reason: Reason; message: string }
  /** What is here is as it should be, or must go first. */
  | { type: 'Nothing' };

export type ReplyAction =
  | Exclude<PutAction, { type: 'Nothing' }>
  | { type: 'Delete'; mirror: IslandJob; name: JobName }
  /** Nothing of it is in the cache: the API server must say so, too, before the hub is told. */
  | { type: 'CheckGone'; name: JobName }
  | { type: 'Lift'; mirror: IslandJob; known: Standing }
  | { type: 'MarkUnknown'; mirror: IslandJob }
  /** The hub knows it again; what it has stored of its status must be compared before anything may start. */
  | { type: 'Recognize'; mirror: IslandJob }
  | { type: 'ClearUnknown'; mirror: IslandJob };

export interface Told {
  put: readonly Put[];
  drop: readonly JobName[];
  ahead: readonly (Standing & { uid: string })[];
  /** What of `sent` the hub does not know; undefined while it has not compared. */
  unknown: ReadonlySet<string> | undefined;
}

export interface Here {
  /** Mirrors with the uid of a hub's IslandJob. */
  mirrors: readonly IslandJob[];
  /** The IslandJob of this name, a mirror or not. */
  get(key: { namespace: string; name: string }): IslandJob | undefined;
  /** uids that the request named as held. */
  sent: ReadonlySet<string>;
  /** Found to be gone a short while ago, as the hub asked: a put of them is older than that. */
  dropped: (uid: string) => boolean;
  /** Whether the hub has stored the status of this mirror as it is. */
  settled: (mirror: IslandJob) => boolean;
  admit: AdmitJob;
}

/**
 * In the order in which it must be done: numbers first, because nothing may start from old ones; then what makes room for what comes.
 * Nothing is ever deleted that `drop` does not name by its uid.
 */
export function applyReply(told: Told, here: Here): ReplyAction[] {
  const byUid = new Map(here.mirrors.map((mirror) => [hubUidOf(mirror), mirror]));
  const actions: ReplyAction[] = [];
  for (const known of told.ahead) {
    const mirror = byUid.get(known.uid);
    if (mirror) actions.push({ type: 'Lift', mirror, known });
  }
  for (const name of told.drop) {
    const mirror = byUid.get(name.uid);
    if (mirror === undefined) actions.push({ type: 'CheckGone', name });
    else if (mirror.metadata.deletionTimestamp === undefined) actions.push({ type: 'Delete', mirror, name });
  }
  const dropping = new Set(told.drop.map(({ uid }) => uid));
  for (const put of told.put) {
    if (here.dropped(put.uid) || dropping.has(put.uid)) continue;
    const action = decidePut(put, here.get(put), here.admit);
    if (action.type !== 'Nothing') actions.push(action);
  }
  if (told.unknown) {
    for (const mirror of here.mirrors) {
      const uid = hubUidOf(mirror) ?? '';
      if (!here.sent.has(uid)) continue;
      const marked = mirror.metadata.annotations?.[annotations.unknownToHub] !== undefined;
      if (told.unknown.has(uid) && !marked) actions.push({ type: 'MarkUnknown', mirror });
      if (!told.unknown.has(uid) && marked) actions.push({ type: here.settled(mirror) ? 'ClearUnknown' : 'Recognize', mirror });
    }
  }
  return actions;
}

/** What one put means, given what has its name here. */
export function decidePut(put: Put, found: IslandJob | undefined, admit: AdmitJob): PutAction {
  if (found === undefined) {
    const spec = islandJobSpec.safeParse(put.spec);
    if (!spec.success) return { type: 'Refuse', put, reason: 'JobInvalid', message: firstIssue(spec.error.issues) };
    const refusal = admit({ namespace: put.namespace, spec: spec.data });
    return refusal ? { type: 'Refuse', put, ...refusal } : { type: 'Create', put };
  }
  if (found.metadata.deletionTimestamp !== undefined) return { type: 'Nothing' };
  if (hubUidOf(found) === put.uid)
    return put.spec.revision > found.spec.revision ? { type: 'Patch', put, mirror: found } : { type: 'Nothing' };
  if (sameWork(found.spec, put)) return { type: 'Adopt', put, mirror: found };
  const held = hubUidOf(found) === undefined ? 'was not made by the hub' : 'is another work';
  const message = `an IslandJob of the name ${put.namespace}/${put.name} is here already and ${held}; delete it, or let the hub place the work elsewhere`;
  return { type: 'Refuse', put, reason: 'NameTaken', message };
}

/** What may never change in a spec. */
function frozen(spec: object): object {
  return Object.fromEntries(Object.entries(spec).filter(([field]) => !liveNames.includes(field)));
}

function sameWork(spec: IslandJobSpec, put: Put): boolean {
  const [here, there] = [islandJobSpec.safeParse(spec), islandJobSpec.safeParse(put.spec)];
  return here.success && there.success && isDeepStrictEqual(frozen(here.data), frozen(there.data));
}

/**
 * The fields that may change, as the hub wants them; what only grows never falls. Each of them is whole in what the hub stores, so that
 * a merge replaces it; one that an older hub does not send stays as it is.
 */
export function liveFields(put: Put, mirror: IslandJob): Partial<IslandJobSpec> {
  const sent = Object.entries(put.spec).filter(([field, value]) => liveNames.includes(field) && value !== undefined);
  return { ...Object.fromEntries(sent), stop: mirror.spec.stop || put.spec.stop, revision: put.spec.revision };
}

/** Whether a mirror was told more than this put says: only the hub can go above that. */
export function isBehind(put: Put, mirror: IslandJob): boolean {
  return put.spec.revision < mirror.spec.revision;
}

function firstIssue(issues: readonly { path: PropertyKey[]; message: string }[]): string {
  const [issue] = issues;
  return `spec.${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'wrong'}`.slice(0, 1024);
}
