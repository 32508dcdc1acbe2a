/** What the API server must refuse of failure rules and of limits of progress, and the words by which its message helps. */
import type { Bad } from './bad-objects.ts';
import type { Json } from './builders.ts';

const expert = (patch: Json) => ({ spec: { expert: patch } });
const ruled = (...failureRules: Json[]) => expert({ failureRules });
const stall = (limits: Json) => expert({ stall: limits });
const one = { name: 'one', onExitCodes: [1], action: 'Fail' };

export const badFailureRules: Bad[] = [
  ['a rule without a code', 'ExpertTraining', ruled({ ...one, onExitCodes: [] }), 'spec.expert.failureRules[0].onExitCodes', '1'],
  [
    'a rule for success',
    'ExpertTraining',
    ruled({ ...one, onExitCodes: [0] }),
    'spec.expert.failureRules[0].onExitCodes[0]',
    'greater than or equal to 1',
  ],
  [
    'a rule for exit code 256',
    'ExpertTraining',
    ruled({ ...one, onExitCodes: [256] }),
    'spec.expert.failureRules[0].onExitCodes[0]',
    'less than or equal to 255',
  ],
  [
    'two rules of one name',
    'ExpertTraining',
    ruled(one, { ...one, onExitCodes: [2] }),
    'spec.expert.failureRules[1]',
    'Duplicate value',
  ],
  [
    'two rules that contradict each other',
    'ExpertTraining',
    ruled(one, { ...one, name: 'two', action: 'Retry' }),
    'spec.expert.failureRules',
    'give one exit code different actions',
  ],
  [
    'a rule with a name in capitals',
    'ExpertTraining',
    ruled({ ...one, name: 'One' }),
    'spec.expert.failureRules[0].name',
    'such as bad-config',
  ],
  [
    'a rule that does something else',
    'ExpertTraining',
    ruled({ ...one, action: 'Restart' }),
    'spec.expert.failureRules[0].action',
    '"Fail", "Retry", "Ignore"',
  ],
  [
    '21 rules',
    'ExpertTraining',
    ruled(...Array.from({ length: 21 }, (_, index) => ({ ...one, name: `rule-${index}` }))),
    'spec.expert.failureRules',
    'must have at most 20 items',
  ],
  [
    'a first step that must be quicker than any other',
    'ExpertTraining',
    stall({ firstStep: '5m', step: '10m' }),
    'spec.expert.stall.firstStep',
    'firstStep (5m) must not be shorter than step (10m)',
  ],
  [
    'checkpoints that must come quicker than steps',
    'ExpertTraining',
    stall({ step: '10m', checkpoint: '9m59s' }),
    'spec.expert.stall.checkpoint',
    'checkpoint (9m59s) must not be shorter than step (10m)',
  ],
  ['a step in no time', 'ExpertTraining', stall({ step: '0s' }), 'spec.expert.stall.step', 'step (0s) must be at least 10s'],
  ['a step in words', 'ExpertTraining', stall({ step: '5 minutes' }), 'spec.expert.stall.step', 'such as 90s, 10m, 1h30m'],
];
