/** Bugs of the courier and of what it does in the store: claims, publishing, restoring and retention. */
import { type Bug, bug } from './bug.ts';

export const courierBugs: readonly Bug[] = [
  bug(
    'no claim',
    [2],
    'a pod trains without having claimed its attempt',
    [
      'src/courier/restore.ts',
      "await step('claim the attempt', () => claimAttempt(store, claimKey(output.prefix, attempt, pod.index), claim, signal));",
      'void [claimAttempt, claimKey, claim];',
    ],
    ['doubled pods'],
  ),
  bug(
    'claim of another is ours',
    [2],
    'a pod goes on although another pod holds the claim',
    ['src/store/claim.ts', 'if (holder.podUid !== mine.podUid) throw', 'if (holder.podUid === "") throw'],
    ['doubled pods'],
  ),
  bug(
    'resume from the oldest',
    [6],
    'the oldest checkpoint is resumed from',
    [
      'src/store/restore.ts',
      'const own = list.filter(({ final }) => !final).map(',
      'const own = list.filter(({ final }) => !final).toReversed().map(',
    ],
    ['killed pod', 'crash of the trainer', 'evicted pod'],
  ),
  bug(
    'older placements forgotten',
    [6],
    'a placement begins from nothing although the one before left a checkpoint',
    [
      'src/store/restore.ts',
      '[...own, ...resume.map((ref) => ({ ...ref, attempt: undefined }))]',
      '[...own, ...resume.slice(0, 0).map((ref) => ({ ...ref, attempt: undefined }))]',
    ],
    ['drain'],
  ),
  bug(
    'manifest overwritten',
    [7],
    'a manifest is written although it may exist',
    [
      'src/store/publish.ts',
      "{ ifNoneMatch: '*', contentType: 'application/json', ...abort }",
      "{ contentType: 'application/json', ...abort }",
    ],
    ['store with unknown outcomes', 'killed courier'],
  ),
  bug(
    'one too many deleted',
    [7],
    'retention keeps one checkpoint less than it is told to',
    ['src/store/retention.ts', '.slice(policy.keep)', '.slice(policy.keep - 1)'],
    [],
  ),
  bug(
    'files before the manifest',
    [7],
    'retention deletes the files of a checkpoint and leaves its manifest for last',
    ['src/store/retention.ts', '    await store.delete(manifest);\n', ''],
    [],
  ),
  bug(
    'publishing needs the hub',
    [5],
    'a courier that may not delete old checkpoints publishes no new ones',
    ['src/courier/publishing.ts', 'if (next === undefined) {', 'if (next === undefined || !this.#permission.given) {'],
    ['NATS away', 'cut wire'],
    54,
  ),
  bug(
    'final before it is published',
    [11, 8],
    'the trainer is told that its result is published before the manifest is',
    ['src/store/publish.ts', 'await commit(store, key, bytes, signal);\n', 'bytes;\n  void commit;\n'],
    [],
  ),
];
