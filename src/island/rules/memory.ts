/** Rules for a trainer that needed more than it asked for: memory, or disk. */
import type { Ending } from '../ending.ts';
import type { FailureRule } from './rule.ts';

const killed = ({ trainer }: Ending) => trainer?.reason === 'OOMKilled';
/** The kubelet's words for a pod over its own limit, and for a node whose disk is full. */
const diskFull = ({ podReason, podMessage = '' }: Ending) =>
  podReason === 'Evicted' && /ephemeral[- ](local )?storage|emptydir/i.test(podMessage);

/** Whether it has already happened since the work got further last. */
const again = ({ past, checkpointAttempt = 0 }: Ending) =>
  past.some((record) => record.class === 'OutOfMemory' && record.number >= checkpointAttempt);

const memoryWords = ({ limits }: Ending) => `the trainer was killed for using more than its ${limits.memory} of memory`;
const diskWords = ({ limits, podMessage = '' }: Ending) =>
  `the pod was evicted for the disk that it used (scratch: ${limits.scratch ?? 'no limit'}): ${podMessage}`;

export const memoryRules: readonly FailureRule[] = [
  {
    name: 'out-of-memory-again',
    class: 'OutOfMemory',
    action: 'Fail',
    counted: true,
    seen: 'OOMKilled a second time without a checkpoint in between',
    hint: 'Raise resources.memory above the size in the message, or make the batch smaller.',
    matches: (end) => killed(end) && again(end),
    message: (end) => `${memoryWords(end)}, for the second time without a new checkpoint`,
  },
  {
    name: 'out-of-memory',
    class: 'OutOfMemory',
    action: 'Retry',
    counted: true,
    seen: 'OOMKilled',
    hint: 'It is tried once more. If it comes again, raise resources.memory above the size in the message.',
    matches: killed,
    message: memoryWords,
  },
  {
    name: 'disk-full-again',
    class: 'OutOfMemory',
    action: 'Fail',
    counted: true,
    seen: 'evicted for ephemeral storage a second time without a checkpoint in between',
    hint: 'Raise resources.scratch above the size in the message, or write less to /tmp and the work directory.',
    matches: (end) => diskFull(end) && again(end),
    message: (end) => `${diskWords(end)}, for the second time without a new checkpoint`,
  },
  {
    name: 'disk-full',
    class: 'OutOfMemory',
    action: 'RetryElsewhere',
    counted: true,
    seen: 'evicted for ephemeral storage',
    hint: 'It is tried once more. If it comes again, raise resources.scratch above the size in the message.',
    matches: diskFull,
    message: diskWords,
  },
];
