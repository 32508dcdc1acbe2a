/** What hub and island make of the answers that an API server gives to their writes: races, refusals, and servers that are ill. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type IslandJob, IslandJobKind, islandJobStatus } from '../../src/api/islandjob.ts';
import type { JobName } from '../../src/api/islandreport.ts';
import { annotations, finalizers } from '../../src/api/labels.ts';
import { ApiError, type StatusBody } from '../../src/kube/errors.ts';
import { createStore } from '../../src/kube/store.ts';
import { silentLog } from '../../src/kube/types.ts';
import { putOf, standingOf } from '../../src/link/answer.ts';
import { createCarryOut } from '../../src/link/carry-out.ts';
import { createHandouts } from '../../src/link/handouts.ts';
import type { Put } from '../../src/link/messages.ts';
import { createRefusals } from '../../src/link/refusals.ts';
import { storeStatuses } from '../../src/link/statuses.ts';
import { spec } from '../island/builders.ts';
import { createFakeClock, createSeededRandom } from '../kube/fake-clock.ts';
import { type Call, createMemoryApi, type Interceptor } from '../kube/memory-client.ts';

const key = { namespace: 'research', name: 'job-a' };
const never = new AbortController().signal;
const recent = (over: object) => ({ ...islandJobStatus.parse({}), ...over });
const atHub = (over: Partial<IslandJob> = {}): IslandJob => ({
  apiVersion: 'atoll.dev/v1alpha1',
  kind: 'IslandJob',
  metadata: { ...key, uid: 'hub-a', generation: 1 },
  spec: spec({ island: 'paris' }),
  ...over,
});

/** An API server, all that was asked of it, and the writes that it answers with an error. */
function server() {
  const clock = createFakeClock();
  const api = createMemoryApi({ clock, random: createSeededRandom() });
  const asked: Call['verb'][] = [];
  const troubles: { verb: Call['verb']; error: Error; left: number; before: () => void }[] = [];
  const intercept: Interceptor = (call, proceed) => {
    asked.push(call.verb);
    const trouble = troubles.find(({ verb, left }) => verb === call.verb && left > 0);
    if (!trouble) return proceed();
    trouble.left--;
    trouble.before();
    return Promise.reject(trouble.error);
  };
  return {
    clock,
    api,
    asked,
    client: api.client({ intercept }),
    /** More often than anybody tries unless told otherwise: who tries for ever ends all the same. */
    fails: (verb: Call['verb'], status: number, body: StatusBody = {}, times = 20, before = () => {}) =>
      void troubles.push({ verb, error: new ApiError(`${verb} it`, status, body), left: times, before }),
    count: (verb: Call['verb']) => asked.filter((one) => one === verb).length,
  };
}

function island() {
  const host = server();
  const events: string[] = [];
  const gone: JobName[] = [];
  const refusals = createRefusals(host.clock);
  const note = (_: unknown, reason: string) => void events.push(reason);
  const carryOut = createCarryOut({
    client: host.client,
    clock: host.clock,
    events: { normal: note, warning: note },
    mirrors: { note: () => undefined },
    refusals,
    admit: () => undefined,
    onGone: (name) => void gone.push(name),
  });
  return {
    ...host,
    events,
    gone,
    do: (action: Parameters<typeof carryOut>[0]) => carryOut(action, never),
    create: (put: Put = putOf(atHub())) => carryOut({ type: 'Create', put }, never),
    /** A mirror of the hub's IslandJob of this uid, and a view of it that is older than what is stored. */
    mirror(uid = 'hub-a', over: { metadata?: object; status?: object } = {}) {
      const { metadata, status } = over;
      return host.api.put(IslandJobKind, {
        metadata: { ...key, annotations: { [annotations.hubUid]: uid, [annotations.hubLive]: 'live' }, ...metadata },
        spec: spec({ island: 'paris' }),
        status: recent(status ?? {}),
      });
    },
    stored: () => host.api.get(IslandJobKind, key),
    refused: () => refusals.entries().map(([, , , reason]) => reason),
  };
}

describe('an island that is to hold a work', () => {
  const refused: [sentence: string, status: number, body: StatusBody, reason: string][] = [
    ['in a namespace that is not there', 404, { details: { kind: 'namespaces' } }, 'NamespaceNotAdmitted'],
    ['in a namespace whose roles forbid it', 403, {}, 'NamespaceNotAdmitted'],
    ['that its schema refuses', 422, {}, 'JobInvalid'],
    ['that it cannot read', 400, {}, 'JobInvalid'],
  ];
  for (const [sentence, status, body, reason] of refused)
    it(`${sentence} tells the hub so after one request, and the hub can place it elsewhere`, async () => {
      const paris = island();
      paris.fails('create', status, body);
      await paris.create();
      assert.deepEqual([paris.refused(), paris.count('create')], [[reason], 1]);
    });

  it('refuses one whose name somebody took in between, and leaves that object alone', async () => {
    const paris = island();
    paris.api.put(IslandJobKind, { metadata: key, spec: spec({ island: 'paris', placement: 7 }) });
    await paris.create();
    assert.deepEqual(paris.refused(), ['NameTaken']);
    assert.equal(paris.stored()?.metadata.annotations?.[annotations.hubUid], undefined);
  });

  it('makes one that the hub has no status of without a word about numbers', async () => {
    const paris = island();
    await paris.create();
    assert.deepEqual([paris.asked, paris.events], [['create'], []]);
  });

  it('asks an API server that is ill once, and says what it answered: the next sync asks again', async () => {
    const paris = island();
    paris.fails('create', 500, { message: 'etcd is away' });
    await assert.rejects(paris.create(), /etcd is away/);
    assert.deepEqual([paris.refused(), paris.count('create')], [[], 1]);
  });

  it('gives up after a few races in a row, so that the other works of the same reply have their turn', async () => {
    const paris = island();
    paris.fails('create', 409, { reason: 'AlreadyExists' });
    await assert.rejects(paris.create(), /HTTP 409/);
    assert.equal(paris.count('create'), 4);
  });
});

describe('an island that was put back to an older copy', () => {
  const known = { revision: 5, attempt: 3, restarts: 1 };

  it('asks an API server that is ill once to store the numbers of the hub', async () => {
    const paris = island();
    paris.fails('applyStatus', 500, { message: 'etcd is away' });
    await assert.rejects(paris.do({ type: 'Lift', mirror: paris.mirror(), known }), /etcd is away/);
    assert.equal(paris.count('applyStatus'), 1);
  });

  it('stores the numbers although somebody else wrote in between', async () => {
    const paris = island();
    paris.fails('applyStatus', 409, { reason: 'Conflict' }, 1);
    await paris.do({ type: 'Lift', mirror: paris.mirror(), known });
    assert.equal(paris.stored()?.status?.attempt, 3);
    assert.deepEqual(paris.events, ['StateWentBack']);
  });

  it('writes nothing and says nothing when what is stored has caught up by itself', async () => {
    const paris = island();
    const mirror = paris.mirror('hub-a', { status: { ...known, revision: 6 } });
    await paris.do({ type: 'Lift', mirror, known });
    assert.deepEqual([paris.asked, paris.events], [[], []]);
  });
});

describe('an island that holds what the hub does not know', () => {
  it('holds up no new attempt of one that the hub has given a new uid in between', async () => {
    const paris = island();
    const seen = paris.mirror('before-the-backup');
    paris.mirror('hub-a', { metadata: { uid: seen.metadata.uid } });
    await paris.do({ type: 'MarkUnknown', mirror: seen });
    assert.equal(paris.stored()?.metadata.annotations?.[annotations.unknownToHub], undefined);
    assert.deepEqual(paris.events, []);
  });
});

describe('an island that is to drop a work', () => {
  const name = { ...key, uid: 'hub-a' };

  it('says at once that nothing is left, so that a deletion at the hub does not wait for another round', async () => {
    const paris = island();
    const mirror = paris.mirror();
    await paris.do({ type: 'Delete', mirror, name });
    assert.deepEqual([paris.stored(), paris.gone], [undefined, [name]]);
  });

  it('asks for the deletion once, however long its pods take to end', async () => {
    const paris = island();
    const mirror = paris.mirror('hub-a', { metadata: { finalizers: [finalizers.island] } });
    await paris.do({ type: 'Delete', mirror, name });
    await paris.do({ type: 'CheckGone', name });
    assert.deepEqual([paris.count('delete'), paris.gone], [1, []]);
  });
});

describe('a hub that stores what islands send', () => {
  const running = recent({ revision: 4, attempt: 2, state: 'Running' });

  function hub() {
    const host = server();
    const errors: string[] = [];
    host.api.put(IslandJobKind, atHub({ status: running }));
    const job = host.api.get(IslandJobKind, key) as IslandJob;
    const log = { ...silentLog, error: (data: object) => void errors.push(JSON.stringify(data)) };
    const store = (over: object, signal = never) =>
      storeStatuses([{ job, status: { ...running, ...over } }], { client: host.client, log }, signal);
    return { ...host, errors, store };
  }

  it('acknowledges what it has, or the island would send it for ever', async () => {
    const { store, asked } = hub();
    assert.deepEqual(await store({}), { ack: [['hub-a', 4]], ahead: [], unstored: [] });
    assert.deepEqual(asked, []);
  });

  it('is told to be ahead when the island has fallen behind', async () => {
    const { store } = hub();
    const { ack, ahead } = await store({ revision: 3 });
    assert.deepEqual([ack, ahead], [[], [{ uid: 'hub-a', ...standingOf(running) }]]);
  });

  for (const status of [400, 403, 422])
    it(`tells the island what the API server answered with ${status}, after one request`, async () => {
      const { store, fails, count } = hub();
      fails('applyStatus', status, { message: 'state: unknown value "Dreaming"' });
      const { ack, unstored } = await store({ revision: 5 });
      assert.deepEqual([ack, unstored.map(([uid, revision]) => [uid, revision])], [[], [['hub-a', 5]]]);
      assert.match(unstored[0]?.[2] ?? '', /Dreaming/);
      assert.equal(count('applyStatus'), 1);
    });

  it('neither acknowledges nor blames the island when the API server is ill: it comes again', async () => {
    const { store, fails, count, errors } = hub();
    fails('applyStatus', 500);
    assert.deepEqual(await store({ revision: 5 }), { ack: [], ahead: [], unstored: [] });
    assert.deepEqual([count('applyStatus'), errors.length], [1, 1]);
  });

  it('logs no error for a write that its own end has cut off', async () => {
    const { store, fails, errors } = hub();
    const ending = new AbortController();
    fails('applyStatus', 500, {}, 1, () => ending.abort(new Error('the hub ends')));
    assert.deepEqual(await store({ revision: 5 }, ending.signal), { ack: [], ahead: [], unstored: [] });
    assert.deepEqual(errors, []);
  });
});

describe('a hub that begins to lead', () => {
  it('gives up when its watch stays behind for a minute, so that another one may lead', async () => {
    const { client, clock, api } = server();
    const old = api.put(IslandJobKind, atHub());
    const store = createStore<IslandJob>();
    store.set(old);
    api.put(IslandJobKind, atHub({ spec: spec({ island: 'paris', revision: 2 }) }));
    const begun = createHandouts({ client, clock, log: silentLog, store })
      .begin(never)
      .then(
        () => 'leads',
        (error: Error) => error.message,
      );
    await clock.advance(59_000);
    assert.equal(await Promise.race([begun, clock.settle()]), undefined);
    await clock.advance(2000);
    assert.match(
      (await Promise.race([begun, clock.settle()])) ?? 'it waits on',
      /the watch of IslandJobs is more than 60 s behind/,
    );
  });
});
