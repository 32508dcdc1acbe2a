/** Bugs of the hub: placements, acceptance, the ensemble, deletion and honesty about islands. */
import { type Bug, bug } from './bug.ts';

export const hubBugs: readonly Bug[] = [
  bug(
    'accepted forgotten',
    [1],
    'what was accepted is taken away again',
    [
      'src/hub/work.ts',
      'if (!why || (job && !hasEnded(job))) return { status: current, actions: [] };',
      "if (!why || (job && !hasEnded(job))) {\n    const { accepted: _, ...rest } = current;\n    return { status: { ...rest, state: 'Running' }, actions: [] };\n  }",
    ],
    [],
  ),
  bug(
    'new placement before the stop',
    [4, 3],
    'a drained work is placed elsewhere before its island says that it stopped',
    [
      'src/hub/work.ts',
      "if (!waits || move.type === 'Stop') return goOn(wish, job, status, move);",
      "if (move.type === 'Stop') return next(wish, seen, status);\n  if (!waits) return goOn(wish, job, status, move);",
    ],
    ['drain'],
  ),
  bug(
    'silence means replaced',
    [4, 3],
    'work of a silent island is replaced at once though its owner said to wait',
    [
      'src/hub/move.ts',
      "if (!away.silent || islandLost?.policy !== 'Replace') return undefined;\n  return away.heardAt + islandLost.afterMs - now;",
      'return away.silent && islandLost ? away.heardAt - now : undefined;',
    ],
    ['cut wire'],
  ),
  bug(
    'router on too few experts',
    [8],
    'a router that waits for the experts is given all but one of them',
    ['src/hub/router.ts', 'bound ? experts.accepted : []', 'bound ? experts.accepted.slice(1) : []'],
    [],
  ),
  bug(
    'ensemble without an expert',
    [8],
    'the evaluation is given all experts but one',
    [
      'src/hub/evaluation.ts',
      'const inputs = ensembleInputs(training, experts.accepted,',
      'const inputs = ensembleInputs(training, experts.accepted.slice(1),',
    ],
    [],
  ),
  bug(
    'deleted before it is empty',
    [9],
    'the finalizer of a training goes while its works still run',
    ['src/hub/cleanup.ts', 'if (left.length === 0) {', 'if (left.length >= 0) {'],
    ['deletion'],
  ),
  bug(
    'silence unnoticed',
    [13],
    'a silent island stays Ready',
    ['src/hub/reach.ts', 'clock.now() - heardAt(name) > silenceMs', 'clock.now() - heardAt(name) > 1000 * silenceMs'],
    ['cut wire', 'NATS away', 'wire cut one way'],
  ),
  bug(
    'accepted from any placement',
    [1],
    'the result of a placement that was replaced is accepted as that of the newest',
    [
      [
        'src/hub/work.ts',
        'const job = seen.jobs.find((one) => one.metadata.name === current.job);\n  if (job) return follow',
        "const job = seen.jobs.find((one) => one.status?.state === 'Succeeded') ?? seen.jobs.find((one) => one.metadata.name === current.job);\n  if (job) return follow",
      ],
      // The runner verifies what the decision names: both have to mistake one placement for the other.
      [
        'src/hub/runner.ts',
        'const job = all.find(({ metadata }) => metadata.name === current?.job);',
        "const job = all.find(({ status }) => status?.state === 'Succeeded') ?? all.find(({ metadata }) => metadata.name === current?.job);",
      ],
    ],
    ['cut wire', 'wire cut one way'],
    46,
  ),
  bug(
    'restarts of one placement only',
    [12],
    'a work forgets with each placement how often it has failed',
    ['src/hub/reported.ts', 'restarts: Math.max(current.restarts, seen?.restarts ?? 0)', 'restarts: seen?.restarts ?? 0'],
    ['crash of the trainer', 'drain'],
    9,
  ),
];
