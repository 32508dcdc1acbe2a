/** How a run and a work are, in one sentence that somebody who has never seen Atoll understands. Pure. */
import { displayDuration } from '../../../api/duration.ts';
import type { ExpertTraining } from '../../../api/experttraining.ts';
import { sentences } from '../../../api/sentences.ts';
import type { WorkStatus } from '../../../api/work.ts';
import type { Need } from '../run.ts';
import type { WorkRow } from '../work.ts';
import { capital, titleOf } from './needs.ts';
import { meaningOf } from './work.ts';

const count = (n: number, word: string) => `${n} ${word}${n === 1 ? '' : 's'}`;

/** `rows` are the experts. */
export function runSentence(training: ExpertTraining, rows: readonly WorkRow[], needs: readonly Need[], now: number): string {
  const { status, spec } = training;
  const total = status?.experts.total || rows.length;
  const state = status?.state ?? 'Pending';
  const first = needs.find(({ urgency }) => urgency === 'act');
  const tail = `${first ? ` ${sentences(first.what)}` : ''}${silence(rows, now)}`;
  switch (state) {
    case 'Complete':
      return status?.ensemble
        ? `Complete: ${status.experts.accepted} of ${count(total, 'expert')} and the ensemble are published and verified.`
        : `Complete: ${status?.experts.accepted ?? 0} of ${count(total, 'expert')} ${total === 1 ? 'is' : 'are'} published and verified.`;
    case 'Failed':
      return needs[0]?.what ?? 'The run has failed.';
    case 'Suspended':
      return 'Suspended: nothing runs, and every expert goes on from its last checkpoint when it is resumed.';
    case 'Preparing':
      return `Data set ${spec.dataset} is being prepared; the experts start after it.${tail}`;
    case 'Routing':
      return `All experts that count are trained; the router is ${partText(status?.router)}.${tail}`;
    case 'Evaluating':
      return `Experts and router are trained; the evaluation is ${partText(status?.evaluation)}.${tail}`;
    case 'Pending':
      return first ? first.what : 'The run has not started yet.';
    default:
      return `${experts(rows, total)}.${tail}`;
  }
}

function partText(work: WorkStatus | undefined): string {
  if (!work || work.state === 'Waiting') return 'waiting';
  return work.state === 'Running' ? 'running' : work.state.toLowerCase();
}

/** `6 of 8 experts train, 1 was last seen training, 1 waits (WaitingForCapacity)`: what a silent island does is not claimed. */
function experts(rows: readonly WorkRow[], total: number): string {
  const inState = (...states: WorkRow['state'][]) => rows.filter(({ state }) => states.includes(state));
  const training = inState('Running', 'Publishing');
  const silent = training.filter(({ silentSince }) => silentSince !== undefined).length;
  const train = training.length - silent;
  const waiting = inState('Waiting', 'Pending', 'Queued', 'Starting', 'Stopping', 'Suspended');
  const parts = [`${train} of ${count(total, 'expert')} ${train === 1 ? 'trains' : 'train'}`];
  if (silent > 0) parts.push(`${silent} ${silent === 1 ? 'was' : 'were'} last seen training`);
  const [done, blocked] = [inState('Accepted').length, inState('Blocked').length];
  if (done > 0) parts.push(`${done} ${done === 1 ? 'is' : 'are'} done`);
  const why = [...new Set(waiting.flatMap(({ reason }) => reason ?? []))].slice(0, 2);
  const missing = waiting.length + Math.max(0, total - rows.length);
  if (missing > 0) parts.push(`${missing} ${missing === 1 ? 'waits' : 'wait'}${why.length > 0 ? ` (${why.join(', ')})` : ''}`);
  if (blocked > 0) parts.push(`${blocked} ${blocked === 1 ? 'is' : 'are'} blocked`);
  return parts.join(', ');
}

function silence(rows: readonly WorkRow[], now: number): string {
  const silent = rows.filter(({ silentSince }) => silentSince !== undefined);
  if (silent.length === 0) return '';
  const oldest = Math.min(...silent.map(({ silentSince = '' }) => Date.parse(silentSince)));
  const islands = [...new Set(silent.map(({ island }) => island))];
  const who = islands.length === 1 ? `Island ${islands[0]} has` : `${count(islands.length, 'island')} have`;
  return ` ${who} been silent for ${displayDuration(now - oldest)}; what runs there goes on, nothing to do.`;
}

export function workSentence(row: WorkRow, status: WorkStatus | undefined, now: number): string {
  const title = capital(titleOf(row.work));
  const on = row.island === undefined ? '' : ` on island ${row.island}`;
  const told = status?.message ?? (row.reason === undefined ? '' : meaningOf(row.reason));
  const silent = silence([row], now);
  switch (row.state) {
    case 'Accepted':
      return `${title} is done: its result is published, verified and accepted.`;
    case 'Blocked':
      return `${title} is blocked and waits for a retry: ${sentences(told || 'no reason is known')}`;
    case 'Running': {
      const steps = row.step === undefined ? '' : `, step ${row.step}${row.steps === undefined ? '' : ` of ${row.steps}`}`;
      return `${title} trains${on}${steps}.${silent}`;
    }
    case 'Waiting':
      return `${title} waits${told ? `: ${sentences(told)}` : '.'}`;
    default:
      return `${title} is ${row.state.toLowerCase()}${on}${told ? `: ${sentences(told)}` : '.'}${silent}`;
  }
}
