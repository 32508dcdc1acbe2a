/** Changes of statuses: what only grows, what is set once, what is final. */
import { at, digest, type Json, type KindName } from './builders.ts';

export interface StatusChange {
  sentence: string;
  kind: KindName;
  from: Json;
  to: Json;
  words?: string[];
}

const row =
  (kind: KindName) =>
  (sentence: string, from: Json, to: Json, ...words: string[]): StatusChange => ({
    sentence,
    kind,
    from,
    to,
    ...(words.length > 0 && { words }),
  });
const job = row('IslandJob');
const shard = row('ExpertShard');
const training = row('ExpertTraining');
const dataset = row('ExpertDataset');

const checkpoint = (step: number, final = true) => ({
  manifest: `p1a1/${step}/manifest.json`,
  digest: digest(),
  step,
  bytes: 10,
  attempt: 1,
  at,
  final,
  kind: 'Export',
});
const accepted = (placement: number, letter = 'a') => ({
  manifest: `p${placement}a1/final/manifest.json`,
  digest: digest(letter),
  placement,
  attempt: 1,
  step: 2000,
  bytes: 10,
  at,
});
const failure = (over: Json = {}) => ({
  attempt: 1,
  class: 'OutOfMemory',
  rule: 'out-of-memory',
  action: 'Retry',
  counted: true,
  node: 'node-1',
  exitCode: 137,
  step: 7,
  message: 'killed',
  hint: 'raise memory',
  lines: 'last words',
  events: ['OOMKilling: process 1'],
  at,
  ...over,
});
const stopped = { at, attempt: 1, reason: 'Stopped' };
const work = { placement: 2, state: 'Running', attempt: 3, restarts: 1 };

export const statusChanges: StatusChange[] = [
  job('a first attempt', {}, { revision: 1, attempt: 1, state: 'Starting', attempts: [{ number: 1, startedAt: at }] }),
  job('a larger attempt', { attempt: 1, revision: 1 }, { attempt: 2, revision: 2 }),
  job('a smaller attempt', { attempt: 2 }, { attempt: 1 }, 'status.attempt', 'it was 2 and cannot become 1'),
  job('a smaller revision', { revision: 7 }, { revision: 6 }, 'status.revision', 'it was 7 and cannot become 6'),
  job('a forgotten revision', { revision: 7 }, { revision: null }, 'status.revision', 'it was 7 and cannot become 0'),
  job('fewer restarts', { restarts: 2 }, { restarts: 0 }, 'status.restarts', 'it was 2 and cannot become 0'),
  job('a newer checkpoint', { checkpoint: checkpoint(1, false) }, { checkpoint: checkpoint(2, false) }),
  job('what is known about a failure', {}, { failure: failure() }),
  job(
    'a failure with more lines than fit',
    {},
    { failure: failure({ lines: 'x'.repeat(2049) }) },
    'status.failure.lines',
    'may not be more than 2048',
  ),
  job('an output', {}, { state: 'Succeeded', output: checkpoint(2000) }),
  job('the same output again', { output: checkpoint(2000) }, { output: checkpoint(2000), state: 'Succeeded' }),
  job('another output', { output: checkpoint(2000) }, { output: checkpoint(1999) }, 'output is set once and never changes'),
  job('no more output', { output: checkpoint(2000) }, { output: null }, 'output is set once and never changes'),
  job('success without output', {}, { state: 'Succeeded' }, 'status.state', 'Succeeded needs output'),
  job('a stop proof', {}, { state: 'Stopped', stopped }),
  job('another stop proof', { stopped }, { stopped: { ...stopped, attempt: 2 } }, 'stopped is set once and never changes'),
  job('no more stop proof', { stopped }, { stopped: null }, 'stopped is set once and never changes'),
  job('an unknown state', {}, { state: 'Happy' }, 'status.state', '"Pending", "Queued", "Starting"'),
  job(
    'an unknown class',
    {},
    { attempts: [{ number: 1, class: 'BadLuck' }] },
    'status.attempts[0].class',
    '"Disruption", "NodeLost", "OutOfMemory"',
  ),
  job('a float', {}, { progress: { step: 1, at, loss: 0.5 } }, 'status.progress.loss', 'must be of type string'),
  job(
    '21 attempts',
    {},
    { attempts: Array.from({ length: 21 }, (_, i) => ({ number: i + 1 })) },
    'status.attempts',
    'at most 20 items',
  ),

  shard('a next placement that starts at attempt 0', work, { placement: 3, attempt: 0 }),
  shard('a smaller placement', work, { placement: 1 }, 'status.placement', 'it was 2 and cannot become 1'),
  shard('a smaller attempt of one placement', work, { attempt: 2 }, 'status.attempt', 'it was 3 and cannot become 2'),
  shard('an accepted result', work, { state: 'Accepted', accepted: accepted(2) }),
  shard('acceptance without a result', work, { state: 'Accepted' }, 'status.state', 'needs accepted'),
  shard(
    'another accepted result of one placement',
    { accepted: accepted(1) },
    { accepted: accepted(1, 'b') },
    'accepted is set once',
    'later placement',
  ),
  shard(
    'an accepted result of an earlier placement',
    { accepted: accepted(2) },
    { accepted: accepted(1) },
    'accepted is set once',
  ),
  shard('an accepted result of a later placement', { accepted: accepted(1) }, { accepted: accepted(2, 'b') }),
  shard('no more accepted result', { accepted: accepted(1) }, { accepted: null }, 'it is never removed'),

  training('a running router', {}, { state: 'Running', router: work }),
  training(
    'a router of a smaller placement',
    { router: work },
    { router: { placement: 1 } },
    'status.router.placement',
    'it was 2 and cannot become 1',
  ),
  training('completion', { state: 'Evaluating' }, { state: 'Complete' }),
  training(
    'anything after Complete',
    { state: 'Complete' },
    { state: 'Running' },
    'status.state',
    'Complete is final and cannot become Running',
  ),
  training(
    'anything after Failed',
    { state: 'Failed' },
    { state: 'Pending' },
    'status.state',
    'Failed is final and cannot become Pending',
  ),
  training(
    'a condition twice',
    {},
    { conditions: [0, 1].map(() => ({ type: 'Complete', status: 'True', reason: 'A', lastTransitionTime: at })) },
    'status.conditions[1]',
    'Duplicate value',
  ),

  dataset('a digest', { state: 'Partitioning' }, { state: 'Ready', digest: digest(), manifest: 'm', skew: '1.1' }),
  dataset('another digest', { digest: digest() }, { digest: digest('b') }, 'digest is set once', 'make a new ExpertDataset'),
];
