/** Leader election: one holder at a time, judged by each process's own clock. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Clock } from '../../src/clock.ts';
import { leases } from '../../src/kube/core.ts';
import { ConnectionError, LeaseLostError } from '../../src/kube/errors.ts';
import { createLease, type Lease, microTime } from '../../src/kube/lease.ts';
import { silentLog } from '../../src/kube/types.ts';
import { createFakeClock, createSeededRandom } from './fake-clock.ts';
import { createMemoryApi, type Interceptor } from './memory-client.ts';

const namespace = 'default';

function build() {
  const clock = createFakeClock();
  const api = createMemoryApi({ clock, random: createSeededRandom(7) });
  let seed = 0;
  const join = (identity: string, intercept?: Interceptor, skewMs = 0) => {
    const skewed: Clock = { ...clock, now: () => clock.now() + skewMs };
    const client = api.client({ name: identity, ...(intercept ? { intercept } : {}) });
    const lease = createLease({
      client,
      clock: skewed,
      random: createSeededRandom(++seed),
      log: silentLog,
      namespace,
      name: 'lead',
      identity,
    });
    const stop = new AbortController();
    let ended: unknown;
    const run = (async () => {
      await lease.acquire(stop.signal);
      await lease.hold(stop.signal);
    })().then(
      () => {
        ended = 'stopped';
      },
      (error: unknown) => {
        ended = error;
      },
    );
    return { lease, stop: () => stop.abort(new Error('stop')), run, ended: () => ended };
  };
  const stored = () => api.get(leases, { namespace, name: 'lead' })?.spec;
  return { clock, api, join, stored };
}
const holders = (...members: { lease: Lease }[]) => members.map(({ lease }) => lease.held);

describe('the lease', () => {
  it('writes six fractional digits, which MicroTime insists on', () => {
    assert.equal(microTime(Date.UTC(2026, 0, 2, 3, 4, 5, 67)), '2026-01-02T03:04:05.067000Z');
  });

  it('is taken by the first and renewed; the second waits', async () => {
    const { clock, join, stored } = build();
    const first = join('first');
    await clock.settle();
    const second = join('second');
    await clock.advance(300_000);
    assert.deepEqual(holders(first, second), [true, false]);
    assert.equal(second.lease.holder, 'first');
    assert.equal(stored()?.leaseTransitions, 0);
  });

  it('goes over a full duration after the last renewal that the second one saw, and not before', async () => {
    const { clock, join, stored } = build();
    let alive = true;
    const first = join('first', async (_, proceed) => {
      if (!alive) throw new ConnectionError('ask', 'cut off', false);
      return proceed();
    });
    await clock.settle();
    const second = join('second');
    await clock.advance(10_000);
    alive = false;
    const cut = clock.now();
    await clock.until(() => !first.lease.held, 60_000);
    assert.ok(clock.now() - cut <= 10_000);
    assert.equal(second.lease.held, false, 'the old holder stopped before the new one started');
    assert.ok(first.ended() instanceof LeaseLostError);
    await clock.until(() => second.lease.held, 60_000);
    assert.ok(clock.now() - cut >= 12_000 && clock.now() - cut <= 20_000, `${clock.now() - cut} ms`);
    assert.equal(stored()?.leaseTransitions, 1);
  });

  it('never has two holders, however the clocks of the hosts differ', async () => {
    const { clock, join } = build();
    const members = [join('early', undefined, -3_600_000), join('right'), join('late', undefined, 7_200_000)];
    for (let minute = 0; minute < 300; minute++) {
      await clock.advance(1000);
      assert.ok(holders(...members).filter(Boolean).length <= 1);
    }
    assert.equal(holders(...members).filter(Boolean).length, 1);
  });

  it('goes to the next at once when it is released', async () => {
    const { clock, join } = build();
    const first = join('first');
    await clock.settle();
    const second = join('second');
    await clock.advance(5000);
    first.stop();
    await clock.settle();
    await first.lease.release();
    assert.equal(first.ended(), 'stopped');
    const released = clock.now();
    await clock.until(() => second.lease.held, 60_000);
    assert.ok(clock.now() - released <= 3000);
  });

  it('survives lost replies: the write took effect, and the next try finds that it is ours', async () => {
    const { clock, join } = build();
    let calls = 0;
    const first = join('first', async (_, proceed) => {
      const reply = await proceed();
      if (++calls % 3 === 0) throw new ConnectionError('ask', 'reset', true);
      return reply;
    });
    await clock.until(() => first.lease.held, 60_000);
    for (let second = 0; second < 120; second++) {
      await clock.advance(1000);
      assert.ok(first.lease.held, `lost after ${second} s`);
    }
  });

  it('is lost at the deadline even while a renewal hangs', async () => {
    const { clock, join } = build();
    let hang = false;
    const first = join('first', async (_, proceed) => (hang ? new Promise(() => {}) : proceed()));
    await clock.advance(5000);
    hang = true;
    await clock.advance(10_001);
    assert.equal(first.lease.held, false);
  });

  it('is lost when someone takes it by hand', async () => {
    const { clock, api, join } = build();
    const first = join('first');
    await clock.advance(5000);
    await api
      .client()
      .patch(leases, { namespace, name: 'lead' }, { spec: { holderIdentity: 'admin' } }, { contentType: 'merge' });
    await clock.advance(5000);
    assert.equal(first.lease.held, false);
    const error = first.ended();
    assert.ok(error instanceof LeaseLostError && /admin holds it now/.test(error.message));
  });

  it('is given back at once though its last renewal was written without an answer', async () => {
    const { clock, join, stored } = build();
    let cut = false;
    const first = join('first', async (_, proceed) => {
      const answer = await proceed();
      if (cut) throw new ConnectionError('ask', 'cut off', true);
      return answer;
    });
    await clock.advance(5000);
    cut = true;
    await clock.advance(2500);
    cut = false;
    first.stop();
    await first.run;
    await first.lease.release();
    assert.equal(stored()?.holderIdentity, '');
  });

  it('is created again when someone deletes it', async () => {
    const { clock, api, join } = build();
    const first = join('first');
    await clock.advance(5000);
    await api
      .client()
      .delete(leases, { namespace, name: 'lead' }, { uid: api.get(leases, { namespace, name: 'lead' })?.metadata.uid ?? '' });
    await clock.advance(30_000);
    assert.ok(first.lease.held);
  });

  it('refuses times that cannot work', () => {
    const { clock, api } = build();
    const options = {
      client: api.client(),
      clock,
      random: createSeededRandom(),
      log: silentLog,
      namespace,
      name: 'l',
      identity: 'i',
    };
    assert.throws(
      () => createLease({ ...options, durationMs: 5000, renewDeadlineMs: 6000 }),
      /cannot create lease l: need retryMs/,
    );
  });
});
