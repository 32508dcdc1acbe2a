/** Lifting a status that was put back to an older copy above what the hub knows. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { lifted } from '../../src/api/lifting.ts';
import { emptyStatus } from '../../src/island/observed.ts';

const status = { ...emptyStatus(), revision: 5, attempt: 2, restarts: 1 };

describe('a status', () => {
  it('that is ahead of the hub stays as it is', () => {
    assert.equal(lifted(status, { statusRevision: 4, attempt: 2 }), undefined);
  });

  it('at the revision of the hub is lifted above it: the hub takes only what is newer', () => {
    assert.deepEqual(lifted(status, { statusRevision: 5, attempt: 1 }), { ...status, revision: 6 });
  });

  it('behind in revision, attempts and restarts is lifted in all three', () => {
    assert.deepEqual(lifted(status, { statusRevision: 9, attempt: 4, restarts: 3 }), {
      ...status,
      revision: 10,
      attempt: 4,
      restarts: 3,
    });
  });

  it('ahead in revision but behind in attempts never gives a number twice', () => {
    assert.deepEqual(lifted(status, { statusRevision: 3, attempt: 4 }), { ...status, revision: 6, attempt: 4 });
  });

  it('that was lifted is not lifted again', () => {
    const ahead = { statusRevision: 9, attempt: 4 };
    assert.equal(lifted(lifted(status, ahead) ?? status, ahead), undefined);
  });
});
