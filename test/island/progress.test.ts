/** Asking couriers: who is asked and how, what is kept, and when the controller is woken. */
import assert from 'node:assert/strict';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { describe, it } from 'node:test';
import { type DeletionPermit, mayDeleteHeader, readPermit } from '../../src/api/courier.ts';
import { createProgressPoller } from '../../src/island/progress.ts';
import { fetchReport, type ReportRequest } from '../../src/island/report.ts';
import { attemptToken } from '../../src/island/token.ts';
import type { Pod } from '../../src/kube/core.ts';
import { silentLog } from '../../src/kube/types.ts';
import { createFakeClock } from '../kube/fake-clock.ts';
import { at, checkpoint, ended, pod, report, settings, UID } from './builders.ts';

const withIp = (of: Pod, podIP = '10.0.0.7'): Pod => ({ ...of, status: { ...of.status, podIP } });
const signal = new AbortController().signal;

function world(answer: (request: ReportRequest) => unknown, pods: Pod[] = [withIp(pod(1))]) {
  const clock = createFakeClock();
  const asked: ReportRequest[] = [];
  const woken: string[] = [];
  const poller = createProgressPoller({
    pods: () => pods,
    fetchReport: async (request) => {
      asked.push(request);
      return answer(request);
    },
    settings,
    clock,
    log: silentLog,
    mayDelete: () => 'unlimited',
    onReport: ({ name }) => woken.push(name),
  });
  return { clock, poller, asked, woken, pods };
}

describe('the poller', () => {
  it('asks every running courier with the bearer of its attempt', async () => {
    const { poller, asked } = world(() => report());
    await poller.poll(signal);
    assert.deepEqual(
      asked.map(({ url, token }) => [url, token]),
      [['http://10.0.0.7:9464/v1/progress', attemptToken(settings.agentKey, UID, 1)]],
    );
    assert.equal(poller.get(UID)?.report.phase, 'Running');
  });

  it('of a gang asks pod 0 alone: nothing of the others may stand for the work', async () => {
    const { poller, asked } = world(() => report(), [withIp(pod(1, { index: 1 }), '10.0.0.8'), withIp(pod(1, { index: 0 }))]);
    await poller.poll(signal);
    assert.deepEqual(
      asked.map(({ url }) => url),
      ['http://10.0.0.7:9464/v1/progress'],
    );
  });

  it('asks nobody whose courier does not run or who has no address', async () => {
    const { poller, asked } = world(() => report(), [pod(1), withIp(pod(1, { courier: ended(0) }))]);
    await poller.poll(signal);
    assert.deepEqual(asked, []);
  });

  it('wakes the controller for a checkpoint, a phase or trouble, not for a step', async () => {
    let next = report({ progress: { step: 1, at: at(1) } });
    const { poller, woken } = world(() => next);
    const rounds: number[] = [];
    for (const now of [
      next,
      report({ progress: { step: 2, at: at(2) } }),
      report({ progress: { step: 3, at: at(3) }, checkpoint: checkpoint(1, 3) }),
      report({ progress: { step: 3, at: at(3) }, checkpoint: checkpoint(1, 3), trouble: { message: 'away', at: at(4) } }),
      report({ phase: 'Done', progress: { step: 3, at: at(3) }, checkpoint: checkpoint(1, 3) }),
    ]) {
      next = now;
      await poller.poll(signal);
      rounds.push(woken.length);
    }
    assert.deepEqual(rounds, [1, 1, 2, 3, 4]);
    assert.equal(poller.get(UID)?.report.progress?.step, 3);
  });

  it('takes no answer, a refusal and nonsense for no news', async () => {
    const answers: (() => unknown)[] = [
      () => Promise.reject(new Error('refused')),
      () => 'nonsense',
      () => ({ phase: 'Running' }),
    ];
    for (const answer of answers) {
      const { poller, woken } = world(answer);
      await poller.poll(signal);
      assert.deepEqual([poller.get(UID), woken], [undefined, []]);
    }
  });

  it('gives up on a courier that does not answer within two seconds', async () => {
    const hang = ({ signal: until }: ReportRequest) =>
      new Promise((_, reject) => until.addEventListener('abort', () => reject(until.reason as Error)));
    const { poller, clock } = world(hang);
    let over = false;
    const round = poller.poll(signal).then(() => (over = true));
    await clock.advance(1_900);
    assert.equal(over, false);
    await clock.advance(200);
    await round;
    assert.equal(poller.get(UID), undefined);
  });

  it('is not misled by a second pod that lost the claim', async () => {
    const pods = [withIp(pod(1)), withIp(pod(1, { uid: 'copy' }), '10.0.0.8')];
    const { poller } = world(
      ({ url }) => (url.includes('10.0.0.8') ? report({ phase: 'Waiting' }) : report({ progress: { step: 5, at: at(5) } })),
      pods,
    );
    await poller.poll(signal);
    await poller.poll(signal);
    assert.equal(poller.get(UID)?.report.progress?.step, 5);
  });

  it('forgets a work when its last pod is gone', async () => {
    const { poller, pods } = world(() => report());
    await poller.poll(signal);
    pods.length = 0;
    await poller.poll(signal);
    assert.deepEqual([...poller.entries()], []);
  });
});

describe('fetching a report', () => {
  async function answerWith(
    status: number,
    body: string,
    seen: (headers: IncomingHttpHeaders) => void = () => {},
    mayDelete: DeletionPermit = 'unlimited',
  ): Promise<unknown> {
    const server = createServer((request, response) => {
      seen(request.headers);
      response.writeHead(status, { location: '/elsewhere' }).end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    try {
      return await fetchReport({ url: `http://127.0.0.1:${port}/v1/progress`, token: 'bearer', mayDelete, signal });
    } finally {
      server.closeAllConnections();
      server.close();
    }
  }

  it('sends the bearer and reads the answer', async () => {
    const seen: (string | undefined)[] = [];
    assert.deepEqual(await answerWith(200, '{"phase":"Done"}', (each) => seen.push(each.authorization)), { phase: 'Done' });
    assert.deepEqual(seen, ['Bearer bearer']);
  });
  it('says for how long old checkpoints may be deleted, so that the courier understands it', async () => {
    for (const permit of ['unlimited', 0, 1234.5] as const) {
      const seen: unknown[] = [];
      await answerWith(200, '{}', (headers) => seen.push(readPermit(headers[mayDeleteHeader])), permit);
      assert.deepEqual(seen, [typeof permit === 'number' ? Math.floor(permit) : permit]);
    }
  });
  it('refuses another status, a redirect and an answer without end', async () => {
    await assert.rejects(answerWith(401, '{}'), /the courier answered 401/);
    await assert.rejects(answerWith(302, ''));
    await assert.rejects(answerWith(200, ' '.repeat(70_000)), /longer than 65536 bytes/);
  });
});
