/** For how long a courier may delete old checkpoints, as the hub is heard or not. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deletionPermit } from '../../src/island/deletions.ts';
import { islandJob, now } from './builders.ts';

const lost = (islandLost?: object) => islandJob(undefined, islandLost ? { islandLost } : {});
const replace = lost({ policy: 'Replace', after: '10m' });

describe('old checkpoints', () => {
  it('may go at any time where the work waits for its island', () => {
    assert.equal(deletionPermit(lost(), undefined, now(0)), 'unlimited');
  });

  for (const [sentence, heard, ms] of [
    ['the hub has just been heard', now(100), 300_000],
    ['it was heard four minutes ago', now(-140), 60_000],
    ['half of the time is over', now(-200), 0],
    ['all of it is over', now(-5000), 0],
    ['it was never heard', undefined, 0],
  ] as const)
    it(`may go for ${ms / 1000} s under Replace when ${sentence}`, () => {
      assert.equal(deletionPermit(replace, heard, now(100)), ms);
    });

  it('of a work that is gone stay', () => assert.equal(deletionPermit(undefined, now(0), now(0)), 0));

  it('have half an hour where the spec says no time', () => {
    assert.equal(deletionPermit(lost({ policy: 'Replace' }), now(0), now(0)), 1_800_000);
  });
});
