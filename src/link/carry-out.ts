/** Carries out what a reply means in the island's API server: one action after the other, each with the uid that it is meant for. */

import { type IslandJob, IslandJobKind, type IslandJobSpec } from '../api/islandjob.ts';
import type { AdmitJob, JobName } from '../api/islandreport.ts';
import { annotations, fieldManagers } from '../api/labels.ts';
import type { Reason } from '../api/reasons.ts';
import { type Clock, timestamp } from '../clock.ts';
import { ApiError } from '../kube/errors.ts';
import type { EventRecorder } from '../kube/events.ts';
import { type KubeClient, keyOf } from '../kube/types.ts';
import { hubUidOf } from './answer.ts';
import { decidePut, isBehind, liveFields, type ReplyAction } from './apply-reply.ts';
import { liftedStatus } from './lift.ts';
import type { Put, Standing } from './messages.ts';
import type { Mirrors } from './mirrors.ts';
import type { Refusals } from './refusals.ts';

export interface CarryOutOptions {
  client: KubeClient;
  clock: Clock;
  events: Pick<EventRecorder, 'normal' | 'warning'>;
  mirrors: Pick<Mirrors, 'note'>;
  refusals: Refusals;
  admit: AdmitJob;
  /** Nothing of it is here any more, says the API server. */
  onGone: (name: JobName) => void;
}

export type CarryOut = (action: Exclude<ReplyAction, { type: 'Recognize' }>, signal: AbortSignal) => Promise<void>;

const manager = { fieldManager: fieldManagers.island } as const;
const tries = 4;

export function createCarryOut({ client, clock, events, mirrors, refusals, admit, onGone }: CarryOutOptions): CarryOut {
  const patch = async (mirror: IslandJob, change: { metadata?: object; spec?: object }, signal: AbortSignal) => {
    const { uid, resourceVersion } = mirror.metadata;
    const body = { ...change, metadata: { ...change.metadata, uid, resourceVersion } };
    const stored = await client.patch(IslandJobKind, keyOf(mirror), body, { contentType: 'merge', ...manager, signal });
    mirrors.note(stored);
    return stored;
  };

  /** Acts on what is there now when it changed in between; undefined when it is another one or gone. */
  async function withNewest<T>(
    mirror: IslandJob,
    signal: AbortSignal,
    act: (newest: IslandJob) => Promise<T>,
  ): Promise<T | undefined> {
    let newest: IslandJob | undefined = mirror;
    for (let attempt = 1; newest?.metadata.uid === mirror.metadata.uid && newest; attempt++) {
      try {
        return await act(newest);
      } catch (error) {
        if (!(error instanceof ApiError && (error.isConflict || error.isNotFound)) || attempt === tries) throw error;
        newest = await client.get(IslandJobKind, keyOf(mirror), { signal });
      }
    }
    return undefined;
  }

  const told = (put: Put) => ({
    [annotations.hubUid]: put.uid,
    [annotations.hubGeneration]: String(put.generation),
    [annotations.hubLive]: put.live,
  });

  async function carryOutPut(put: Put, first: IslandJob | undefined, signal: AbortSignal): Promise<void> {
    let found = first;
    for (let attempt = 1; ; attempt++) {
      const action = decidePut(put, found, admit);
      try {
        if (action.type === 'Create') await create(put, signal);
        else if (action.type === 'Adopt') await adopt(put, action.mirror, signal);
        else if (action.type === 'Patch') await update(put, action.mirror, signal);
        if (action.type === 'Refuse') refusals.set(put, action.reason, action.message);
        else refusals.delete(put.uid);
        return;
      } catch (error) {
        const refusal = refusalOf(error);
        if (refusal) return refusals.set(put, refusal.reason, refusal.message);
        const raced = error instanceof ApiError && (error.isConflict || error.isAlreadyExists || error.isNotFound);
        if (!raced || attempt === tries) throw error;
        found = await client.get(IslandJobKind, { namespace: put.namespace, name: put.name }, { signal });
      }
    }
  }

  async function create(put: Put, signal: AbortSignal): Promise<void> {
    const { namespace, name, labels, known } = put;
    // Nothing may start before the numbers that it had before are back; this annotation says so to the controller, too.
    const hold = known ? { [annotations.unknownToHub]: timestamp(clock.now()) } : {};
    const metadata = { namespace, name, labels, annotations: { ...told(put), ...hold } };
    const spec = put.spec as unknown as IslandJobSpec;
    const made = await client.create(IslandJobKind, { metadata, spec }, { ...manager, signal });
    mirrors.note(made);
    if (!known) return;
    await lift(made, known, signal);
    await withNewest(made, signal, clearUnknown(signal));
  }

  async function adopt(put: Put, mirror: IslandJob, signal: AbortSignal): Promise<void> {
    const before = hubUidOf(mirror);
    const marks = { ...told(put), [annotations.unknownToHub]: null };
    // A hub that knows less than the mirror was told lifts its revision first; the fields follow with that.
    const change = isBehind(put, mirror)
      ? {
          metadata: {
            annotations: { ...marks, [annotations.hubLive]: mirror.metadata.annotations?.[annotations.hubLive] ?? '' },
          },
        }
      : { metadata: { labels: put.labels, annotations: marks }, spec: liveFields(put, mirror) };
    const adopted = await patch(mirror, change, signal);
    events.normal(adopted, 'Adopted', `it is now ${put.uid} at the hub${before === undefined ? '' : `, and was ${before}`}`);
  }

  async function update(put: Put, mirror: IslandJob, signal: AbortSignal): Promise<void> {
    await patch(mirror, { metadata: { labels: put.labels, annotations: told(put) }, spec: liveFields(put, mirror) }, signal);
  }

  async function lift(mirror: IslandJob, known: Standing, signal: AbortSignal): Promise<void> {
    await withNewest(mirror, signal, async (newest) => {
      const status = liftedStatus(newest, known);
      if (status === undefined) return;
      const { name, namespace, uid = '', resourceVersion = '' } = newest.metadata;
      const metadata = { name, ...(namespace === undefined ? {} : { namespace }), uid, resourceVersion };
      mirrors.note(await client.applyStatus(IslandJobKind, { metadata, status }, { ...manager, force: true, signal }));
      const was = newest.status?.revision ?? 0;
      events.warning(
        newest,
        'StateWentBack',
        `the hub has stored revision ${known.revision} (attempt ${known.attempt}) of this status and here it was ${was} (attempt ${newest.status?.attempt ?? 0}): it goes on as revision ${status.revision}`,
      );
    });
  }

  const clearUnknown = (signal: AbortSignal) => (newest: IslandJob) =>
    patch(newest, { metadata: { annotations: { [annotations.unknownToHub]: null } } }, signal);

  /** Always by what the API server shows now: the cache may be behind what was made or adopted a moment ago. */
  async function drop(name: JobName, signal: AbortSignal): Promise<void> {
    refusals.delete(name.uid);
    const key = { namespace: name.namespace, name: name.name };
    const found = await client.get(IslandJobKind, key, { signal });
    if (found === undefined || hubUidOf(found) !== name.uid) return onGone(name);
    const { uid = '', deletionTimestamp } = found.metadata;
    if (deletionTimestamp !== undefined) return;
    const outcome = await client.delete(IslandJobKind, key, { uid, propagationPolicy: 'Background', signal });
    if (outcome === 'gone' || (await client.get(IslandJobKind, key, { signal }))?.metadata.uid !== uid) onGone(name);
  }

  return async (action, signal) => {
    switch (action.type) {
      case 'Create':
        return carryOutPut(action.put, undefined, signal);
      case 'Adopt':
      case 'Patch':
        return carryOutPut(action.put, action.mirror, signal);
      case 'Refuse':
        return refusals.set(action.put, action.reason, action.message);
      case 'Lift':
        return lift(action.mirror, action.known, signal);
      case 'Delete':
      case 'CheckGone':
        return drop(action.name, signal);
      case 'MarkUnknown':
        await withNewest(action.mirror, signal, async (newest) => {
          if (hubUidOf(newest) !== hubUidOf(action.mirror)) return;
          await patch(newest, { metadata: { annotations: { [annotations.unknownToHub]: timestamp(clock.now()) } } }, signal);
          events.warning(newest, 'UnknownJobs', 'the hub does not know this work: what runs goes on, and no new attempt is made');
        });
        return;
      case 'ClearUnknown':
        await withNewest(action.mirror, signal, clearUnknown(signal));
    }
  };
}

/** Why the API server will not have it as it is; undefined for an answer that says nothing about the work. */
function refusalOf(error: unknown): { reason: Reason; message: string } | undefined {
  if (!(error instanceof ApiError)) return undefined;
  const { message } = error;
  // Creating in a namespace that is not there is answered with a 404 that names the namespace.
  if (error.isNotFound && error.details?.kind === 'namespaces') return { reason: 'NamespaceNotAdmitted', message };
  if (error.isForbidden) return { reason: 'NamespaceNotAdmitted', message };
  if (error.isInvalid || error.status === 400) return { reason: 'JobInvalid', message };
  return undefined;
}
