/** What a training says, in events of its own, about an expert that cannot go on. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { WorkStatus } from '../../src/api/work.ts';
import { type Announcer, announceBlocked } from '../../src/hub/announce.ts';

const training = {
  apiVersion: 'atoll.dev/v1alpha1',
  kind: 'ExpertTraining',
  metadata: { name: 'digits', namespace: 'research' },
};
const running: WorkStatus = { state: 'Running', placement: 2, attempt: 1, restarts: 0 };
const blocked: WorkStatus = {
  ...running,
  state: 'Blocked',
  reason: 'Configuration',
  message: 'cannot use params.width 7',
  failure: { number: 1, placement: 2, class: 'Configuration', hint: 'Correct params.' },
};

function told(before: WorkStatus | undefined, after: WorkStatus): string[] {
  const said: string[] = [];
  const events: Announcer = {
    normal: () => assert.fail('it is no good news'),
    warning: ({ kind }, reason, message, action) => said.push(`${kind} ${reason} ${action}: ${message}`),
  };
  announceBlocked(events, training, 3, before, after);
  return said;
}

const retry = 'To try again: kubectl annotate --overwrite et digits atoll.dev/retry=3@2';

describe('a training with an expert that is blocked', () => {
  test('names the expert, the class, what was said, what to do, and the command', () => {
    assert.deepEqual(told(running, blocked), [
      `ExpertTraining ExpertBlocked Block: expert 3 is blocked (Configuration): cannot use params.width 7. Correct params. ${retry}`,
    ]);
  });

  test('names the class of the last failure when the budget is spent', () => {
    const spent = {
      ...blocked,
      reason: 'RestartBudgetSpent',
      message: '4 counted failures',
      failure: { number: 4, placement: 2, class: 'Crash' as const },
    };
    assert.match(
      told(undefined, spent)[0] ?? '',
      /expert 3 is blocked \(RestartBudgetSpent, the last was Crash\): 4 counted failures\. To/,
    );
  });

  test('does not lose the command behind a long message', () => {
    const [said = ''] = told(running, { ...blocked, message: 'x'.repeat(1024) });
    assert.ok(said.length < 1024 && said.endsWith(retry), said);
  });

  for (const [sentence, before, after] of [
    ['once only', blocked, blocked],
    ['not while it goes on', undefined, running],
    ['not when it was stopped with its run', running, { ...blocked, reason: 'Stopped' }],
  ] as const)
    test(`says so ${sentence}`, () => assert.deepEqual(told(before, after), []));
});
