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
    hint: 'Start a new run with more resources.memory than the message says, or with a smaller batch: the spec of this one is frozen.',
    matches: (end) => killed(end) && again(end),
    message: (end) => `${memoryWords(end)}, for the second time without a new checkpoint`,
  },
  {
    name: 'out-of-memory',
    class: 'OutOfMemory',
    action: 'Retry',
    counted: true,
    seen: 'OOMKilled',
    hint: 'It is tried once more. If it comes again, a new run needs more resources.memory than the message says.',
    matches: killed,
    message: memoryWords,
  },
  {
    name: 'disk-full-again',
    class: 'OutOfMemory',
    action: 'Fail',
    counted: true,
    seen: 'evicted for ephemeral storage a second time without a checkpoint in between',
    hint: 'Start a new run with more resources.scratch than the message says, or one that writes less to /tmp and the work directory.',
    matches: (end) => diskFull(end) && again(end),
    message: (end) => `${diskWords(end)}, for the second time without a new checkpoint`,
  },
  {
    name: 'disk-full',
    class: 'OutOfMemory',
    action: 'RetryElsewhere',
    counted: true,
    seen: 'evicted for ephemeral storage',
    hint: 'It is tried once more. If it comes again, a new run needs more resources.scratch than the message says.',
    matches: diskFull,
    message: diskWords,
  },
];
