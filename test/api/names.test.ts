/** Keys and names: derived, bounded, and never the same for two things. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import {
  attemptPrefix,
  checkpointPrefix,
  claimKey,
  fileKey,
  manifestKey,
  ownerPrefix,
  parseManifestKey,
  workPrefix,
} from '../../src/api/keys.ts';
import { attemptName, expertInputName, islandJobName, shardName } from '../../src/api/names.ts';
import { workRoles } from '../../src/api/work.ts';

const owner = { namespace: 'research', name: 'digits', uid: '1a2b3c4d-0000-4000-8000-000000000000' };
const work = 'atoll/research.digits.1a2b3c4d/experts/003/';

describe('keys', () => {
  test('of the works of one owner stand below one prefix', () => {
    assert.equal(ownerPrefix('atoll/', owner), 'atoll/research.digits.1a2b3c4d/');
    assert.deepEqual(
      workRoles.map((role) => workPrefix('atoll/', owner, role, role === 'Expert' ? 3 : undefined)),
      ['dataset', 'experts/003', 'router', 'ensemble'].map((folder) => `atoll/research.digits.1a2b3c4d/${folder}/`),
    );
    assert.throws(() => workPrefix('', owner, 'Expert'), /cannot name the prefix of an expert without its index/);
  });

  test('of an attempt name its placement and its number', () => {
    const attempt = { placement: 2, attempt: 1 };
    assert.equal(attemptPrefix(work, attempt), `${work}p2a1/`);
    assert.equal(claimKey(work, attempt), `${work}p2a1/claim-0.json`);
    assert.equal(checkpointPrefix(work, attempt, 1000, false), `${work}p2a1/step-00001000/`);
    assert.equal(manifestKey(work, attempt, 2000, true), `${work}p2a1/final/manifest.json`);
    assert.equal(fileKey(`${work}p2a1/final/manifest.json`, 'a/b.bin'), `${work}p2a1/final/a/b.bin`);
  });

  test('of manifests are read back', () => {
    const numbers = { placement: fc.integer({ min: 1, max: 9999 }), attempt: fc.integer({ min: 1, max: 9999 }) };
    const any = fc.record({ ...numbers, step: fc.integer({ min: 0, max: 10 ** 12 }), final: fc.boolean() });
    fc.assert(
      fc.property(any, ({ step, final, ...attempt }) => {
        const expected = { ...attempt, final, step: final ? undefined : step };
        assert.deepEqual(parseManifestKey(work, manifestKey(work, attempt, step, final)), expected);
      }),
    );
  });

  for (const key of [
    'x',
    `${work}p1a1/claim-0.json`,
    `${work}p1a1/step-1/manifest.json`,
    `${work}p1a1/final/x/manifest.json`,
    'other/p1a1/final/manifest.json',
  ]) {
    test(`${key} is the key of no manifest`, () => assert.equal(parseManifestKey(work, key), undefined));
  }
});

describe('names', () => {
  test('of experts and jobs tell what they are of', () => {
    assert.equal(shardName('digits', 3), 'digits-e003');
    assert.equal(expertInputName(7), 'expert-007');
    assert.equal(islandJobName(owner, { role: 'Expert', index: 3 }, 2), 'digits-1a2b3c4d-e003-p2');
    assert.deepEqual(
      (['Partition', 'Router', 'Evaluate'] as const).map((role) => islandJobName(owner, { role }, 1)),
      ['part', 'router', 'eval'].map((short) => `digits-1a2b3c4d-${short}-p1`),
    );
    assert.equal(attemptName('digits-1a2b3c4d-e003-p2', 1), 'digits-1a2b3c4d-e003-p2-a1');
    assert.throws(() => islandJobName(owner, { role: 'Expert' }, 1), /cannot name the job of an expert without its index/);
  });

  test('fit into a label and are names, for every owner that the API takes', () => {
    const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
    const name = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$/);
    fc.assert(
      fc.property(
        name,
        fc.uuid(),
        fc.constantFrom(...workRoles),
        fc.integer({ min: 0, max: 255 }),
        (ownerName, uid, role, index) => {
          const job = attemptName(islandJobName({ name: ownerName, uid }, { role, index }, 9999), 9999);
          for (const made of [job, shardName(ownerName, index)]) {
            assert.match(made, label);
            assert.ok(made.length <= 63, made);
          }
        },
      ),
    );
  });
});
