/** Bugs of the link and of the engine: acknowledgements, mirrors, watches and queues. */
import { type Bug, bug } from './bug.ts';

export const linkBugs: readonly Bug[] = [
  bug(
    'silence stops the mirrors',
    [5, 15],
    'an island that cannot sync removes what the hub gave it',
    [
      'src/link/island.ts',
      'failure = messageOf(error);',
      "failure = messageOf(error);\n        for (const { metadata } of informer.store.list())\n          await options.client.delete(IslandJobKind, { name: metadata.name, namespace: metadata.namespace ?? '' }, { uid: metadata.uid ?? '' });",
    ],
    ['cut wire', 'NATS away'],
  ),
  bug(
    'suspended for good',
    [11],
    'an island takes that a work is suspended, and not that it is to go on',
    [
      'src/link/apply-reply.ts',
      'return { ...Object.fromEntries(sent), stop:',
      'return { ...Object.fromEntries(sent), suspend: mirror.spec.suspend || put.spec.suspend, stop:',
    ],
    ['suspend and resume'],
  ),
  bug(
    'drop by name',
    [11, 9, 4],
    'an island removes nothing that the hub drops',
    [
      'src/link/apply-reply.ts',
      'else if (mirror.metadata.deletionTimestamp === undefined) actions',
      'else if (mirror.metadata.deletionTimestamp !== undefined) actions',
    ],
    ['deletion'],
  ),
  bug(
    'expired version kept',
    [11],
    'a watch that is too old is opened again from the same version, for ever',
    ['src/kube/reflector.ts', 'if (expired || doubtful) version = undefined;', 'if (doubtful && !expired) version = undefined;'],
    ['compacted history', 'stale caches'],
  ),
  bug(
    'failed keys dropped',
    [11],
    'a reconcile that failed is not tried again',
    ['src/kube/queue.ts', 'schedule(backoffs, key, delay);', ''],
    ['storm of conflicts', 'storm of 503 and resets', 'lost replies of an API server', 'storm of 429'],
  ),
];
