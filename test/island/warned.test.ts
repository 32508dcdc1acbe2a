/** Which warnings of Kubernetes are kept as evidence. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { telling } from '../../src/island/warned.ts';

const pull = 'Failed: Failed to pull image "localhost/no-such:1": rpc error: code = NotFound desc = no such image';

describe('of the warnings about a pod', () => {
  for (const [sentence, warnings, kept] of [
    [
      'about a missing image the one that says so is kept',
      [pull, 'Failed: Error: ErrImagePull', 'Failed: Error: ImagePullBackOff', pull, 'BackOff: Back-off pulling image'],
      [pull],
    ],
    [
      'that differ in numbers only the newest is kept',
      ['FailedMount: timed out after 12s, id 0a1b2c3d4e5f', 'FailedMount: timed out after 90s, id ffeeddccbbaa'],
      ['FailedMount: timed out after 90s, id ffeeddccbbaa'],
    ],
    [
      'that say different things all are kept',
      ['FailedMount: no Secret a', 'Unhealthy: probe'],
      ['FailedMount: no Secret a', 'Unhealthy: probe'],
    ],
    ['that only name a reason are better than nothing', ['Failed: Error: ErrImagePull'], ['Failed: Error: ErrImagePull']],
    ['there may be none', [], []],
  ] as const)
    it(sentence, () => assert.deepEqual(telling(warnings), kept));
});
