/** Bugs of an island: attempts, proofs, budgets, deletions and secrets. */
import { type Bug, bug } from './bug.ts';

export const islandBugs: readonly Bug[] = [
  bug(
    'attempt without proof',
    [3, 4],
    'the next attempt starts although pods of the last are not proven to have ended',
    [
      ['src/island/attempt.ts', 'if (!attempt.pods.every((pod) => hasEnded(pod, observed.lostNodes))) return false;\n', '\n'],
      ['src/island/leftovers.ts', 'running: alive.length > 0 ||', 'running:'],
    ],
    ['evicted pod', 'trainer ignores SIGTERM', 'suspend and resume', 'silent kubelet'],
  ),
  bug(
    'unreachable means dead',
    [3, 4],
    'a node that is not reached counts as lost, though its pods run on',
    [
      'src/island/look.ts',
      "key === 'node.kubernetes.io/out-of-service'",
      "['node.kubernetes.io/out-of-service', 'node.kubernetes.io/unreachable'].includes(key)",
    ],
    ['silent kubelet', 'suspend and resume', 'drain'],
  ),
  bug(
    'stop proof too early',
    [4],
    'the stop proof is given while pods still end',
    [
      ['src/island/attempt.ts', 'if (!attempt.pods.every((pod) => hasEnded(pod, observed.lostNodes))) return false;\n', '\n'],
      ['src/island/decide.ts', 'if (job.spec.stop && !before.stopped && !remains) {', 'if (job.spec.stop && !before.stopped) {'],
    ],
    ['drain', 'trainer ignores SIGTERM', 'silent kubelet', 'doubled pods'],
  ),
  bug(
    'finalizer dropped early',
    [9, 4, 11],
    'an IslandJob that is deleted goes while its pods are still there',
    ['src/island/decide.ts', 'if (any) return { status: before, actions, remains };', ''],
    ['deletion', 'trainer ignores SIGTERM'],
  ),
  bug(
    'delete by name',
    [10],
    'a Job is deleted without the uid that is meant',
    [
      'src/island/act.ts',
      "{ uid: action.uid, propagationPolicy: 'Foreground', signal }",
      "{ uid: '', propagationPolicy: 'Foreground', signal }",
    ],
    ['suspend and resume', 'drain'],
  ),
  bug(
    'budget ignored',
    [14],
    'a failure is retried although the budget is spent',
    ['src/island/budget.ts', 'if (counted && history.restarts > retry.maxRestarts) return { retry: false };', ''],
    ['crash of the trainer', 'trainer out of memory'],
  ),
  bug(
    'back-off ignored',
    [14],
    'a failing work is retried at once, every time',
    [
      'src/island/budget.ts',
      'if (counted) return { retry: true, delayMs: backoff };',
      'if (counted) return { retry: true, delayMs: 0 };',
    ],
    ['crash of the trainer'],
  ),
  bug(
    'nobody wakes after the back-off',
    [11],
    'the time of the next attempt passes and nothing looks again',
    [
      'src/island/decide.ts',
      'if (due > now) return { status: before, actions, again: due - now };',
      'if (due > now) return { status: before, actions };',
    ],
    ['crash of the trainer'],
  ),
  bug(
    'restart cleans up',
    [15, 5],
    'an agent that starts deletes the pods that it finds',
    [
      'src/island/islandjob.ts',
      'let observed = await look.cached(job, signal);',
      "let observed = await look.cached(job, signal);\n    if (!written.has(`*${key.name}`)) {\n      written.set(`*${key.name}`, job);\n      for (const { metadata } of observed.pods)\n        await act(observed, { type: 'DeletePod', name: metadata.name, uid: metadata.uid ?? '' }, signal);\n    }",
    ],
    ['crash at any time'],
  ),
  bug(
    'upgrade rolls the Jobs',
    [15],
    'an agent that starts writes its version on every Job that it finds',
    [
      [
        'src/island/islandjob.ts',
        "import { decide } from './decide.ts';",
        "import { jobs } from '../kube/core.ts';\nimport { decide } from './decide.ts';",
      ],
      [
        'src/island/islandjob.ts',
        'let observed = await look.cached(job, signal);',
        "let observed = await look.cached(job, signal);\n    if (!written.has(`*${key.name}`)) {\n      written.set(`*${key.name}`, job);\n      for (const { metadata } of observed.kubeJobs)\n        await client.patch(jobs, { ...key, name: metadata.name }, { metadata: { labels: { version: '2' } } }, { contentType: 'merge', signal });\n    }",
      ],
    ],
    ['crash at any time'],
  ),
  bug(
    'forgiven by a disruption',
    [12],
    'an end that nobody counts sets the count of those that count to zero',
    [
      'src/island/conclude.ts',
      'verdict.counted ? { ...clean, restarts: status.restarts + 1 } : clean;',
      'verdict.counted ? { ...clean, restarts: status.restarts + 1 } : { ...clean, restarts: 0 };',
    ],
    ['crash of the trainer', 'evicted pod'],
    110,
  ),
  bug(
    'token in the log',
    [16],
    'the bearer of a courier is logged when the courier does not answer',
    [
      'src/island/progress.ts',
      'log.debug(\n        { islandJob: target.islandJob, error',
      'log.warn(\n        { bearer: attemptToken(settings.agentKey, target.uid, target.attempt), error',
    ],
    ['killed courier', 'silent kubelet', 'evicted pod'],
  ),
  bug(
    'number after the Job',
    [2, 3, 11, 15],
    'after a restart the number of an attempt is used again',
    ['src/island/start.ts', 'const number = Math.max(before.attempt, used) + 1;', 'const number = Math.max(before.attempt, 1);'],
    ['crash of the trainer', 'killed pod'],
  ),
];
