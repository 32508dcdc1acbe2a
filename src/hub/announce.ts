/** Events: what changed between two stored statuses, said once, after the change was stored. */

import { cut } from '../api/fields.ts';
import type { Reason } from '../api/reasons.ts';
import { sentences } from '../api/sentences.ts';
import type { WorkStatus } from '../api/work.ts';
import type { EventRecorder } from '../kube/events.ts';
import type { KubeObject } from '../kube/types.ts';
import { failureStory } from './evidence.ts';
import type { Once } from './once.ts';
import { retryCommand } from './requests.ts';
import type { Why, WorkDecision } from './work.ts';

type Say = (object: KubeObject, reason: Reason, message: string, action?: string) => void;

/** The recorder, held to the closed list of reasons. */
export type Announcer = { readonly [type in keyof Pick<EventRecorder, 'normal' | 'warning'>]: Say };

/** Why a work leaves its island although nothing is wrong with that. */
const wanted: readonly Reason[] = ['MoveRequested', 'InputsReplaced'];

/** Placements, acceptance and blocking of one work; `what` begins the sentence, such as `expert 3`. */
export function announceWork(
  events: Announcer,
  object: KubeObject,
  what: string,
  before: WorkStatus | undefined,
  after: WorkStatus | undefined,
  { moves, retried }: Pick<WorkDecision, 'moves' | 'retried'> = {},
): void {
  if (!after) return;
  if (retried) events.normal(object, retried.reason, `${what}: ${retried.message}`, 'Retry');
  if (moves && (moves.reason !== before?.reason || after.placement !== before.placement)) {
    const say = wanted.includes(moves.reason) ? events.normal : events.warning;
    say(object, moves.reason, `${what}: ${moves.message}`, 'Move');
  }
  if (after.placement > (before?.placement ?? 0)) {
    const said = `${what}: placement ${after.placement} on island ${after.island} as IslandJob ${after.job}`;
    const from = before?.island === undefined ? '' : ` after placement ${before.placement} on island ${before.island}`;
    if (before && before.placement > 0) events.normal(object, 'Moved', `${said}${from}`, 'Place');
    else events.normal(object, 'Started', said, 'Place');
  }
  const { failure } = after;
  const fresh = failure && (failure.number !== before?.failure?.number || failure.placement !== before.failure.placement);
  if (fresh && after.state !== 'Blocked') events.warning(object, failure.class, `${what}: ${failureStory(failure)}`, 'Retry');
  if (after.reason === 'StoreUnreachable' && before?.reason !== after.reason)
    events.warning(object, 'StoreUnreachable', `${what}: ${after.message ?? ''}`, 'Wait');
  if (after.state === before?.state) return;
  if (after.state === 'Accepted')
    events.normal(object, 'Accepted', `${what}: its result is accepted: ${after.accepted?.digest}`, 'Accept');
  if (after.state === 'Blocked') {
    const message = sentences(`${what}: ${after.message ?? 'blocked'}`, failure?.hint);
    events.warning(object, (after.reason ?? 'Crash') as Reason, message, 'Block');
  }
}

/** Of a failure in one message with a command at its end, which must not be cut off. */
const longestWhy = 500;

/** That one expert cannot go on, told on its training too: who describes a training must not have to guess which of its experts to ask. */
export function announceBlocked(
  events: Announcer,
  training: KubeObject,
  index: number,
  before: WorkStatus | undefined,
  { state, reason = 'Crash', message = '', failure, placement }: WorkStatus,
): void {
  // Stopped with its run: that is no news of the expert, and nothing can be tried again.
  if (state !== 'Blocked' || before?.state === 'Blocked' || reason === 'Stopped') return;
  const last = failure?.placement === placement ? failure : undefined;
  const kind = last === undefined || last.class === reason ? reason : `${reason}, the last was ${last.class}`;
  const retry = retryCommand('et', training.metadata.name, [{ work: index, placement }]);
  const told = sentences(`expert ${index} is blocked (${kind}): ${cut(message, longestWhy)}`, last?.hint, retry);
  events.warning(training, 'ExpertBlocked', told, 'Block');
}

/** What was asked of a work and is not done: once, and again when it is something else. On the object that carries the annotation. */
export function announceUnmet(
  { events, once }: { events: Announcer; once: Once },
  object: KubeObject,
  what: string,
  unmet: readonly Why[] = [],
): void {
  if (!once(`${object.metadata.uid} ${what}`, unmet.map(({ message }) => message).join('\n'))) return;
  for (const { reason, message } of unmet) events.warning(object, reason, what === '' ? message : `${what}: ${message}`, 'Steer');
}
