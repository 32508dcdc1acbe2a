import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock as clock, systemRandom as random } from '../../src/clock.ts';
import type { UserClient } from '../../src/dashboard/server/caller.ts';
import { createLaptop } from '../../src/dashboard/server/laptop.ts';
import { createMemoryApi } from '../kube/memory-client.ts';

test('the word that is printed signs in once, into a session of its own, and means nobody by itself', async () => {
  const asked: string[] = [];
  const client: UserClient = {
    ...createMemoryApi({ clock, random }).client(),
    create: (type: { kind: string }, object: object) => {
      asked.push(type.kind);
      const status =
        type.kind === 'SelfSubjectReview' ? { userInfo: { username: 'alice', groups: ['people'] } } : { allowed: false };
      return Promise.resolve({ ...object, status } as never);
    },
    logs: () => {
      throw new Error('there is no log here');
    },
  };
  const { signal } = new AbortController();
  const { gatekeeper, oneTimeToken } = createLaptop({ client, clock, random, signal });
  assert.equal(await gatekeeper.whoIs(oneTimeToken, signal), undefined);
  assert.equal(await gatekeeper.signIn('guess', signal), undefined);
  const session = (await gatekeeper.signIn(oneTimeToken, signal)) ?? '';
  assert.notEqual(session, oneTimeToken);
  assert.deepEqual(await gatekeeper.whoIs(session, signal), { user: 'alice', groups: ['people'] });
  assert.equal(await gatekeeper.signIn(oneTimeToken, signal), undefined);
  const right = { verb: 'list', group: 'atoll.dev', resource: 'experttrainings', namespace: 'research' } as const;
  assert.equal(await gatekeeper.may({ user: 'alice', groups: [] }, right, signal), false);
  assert.deepEqual(asked, ['SelfSubjectReview', 'SelfSubjectAccessReview']);
});
