/** Logs as lines: from chunks that break anywhere, and over HTTP from a server that streams. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { systemClock as clock, systemRandom as random } from '../../src/clock.ts';
import { createKubeClient } from '../../src/kube/client.ts';
import { ApiError } from '../../src/kube/errors.ts';
import { logLines, longestLine } from '../../src/kube/logs.ts';
import { collect } from './collect.ts';
import { answer, type Fault, startWireServer } from './wire-server.ts';

const signal = new AbortController().signal;

async function linesOf(...chunks: (string | Uint8Array)[]): Promise<string[]> {
  async function* feed() {
    for (const chunk of chunks) yield typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk;
  }
  return collect(logLines(feed()));
}

describe('lines', () => {
  for (const [sentence, chunks, lines] of [
    ['end where the line ends, not where the chunk does', ['one\ntw', 'o\n', 'three\n'], ['one', 'two', 'three']],
    ['are kept when empty', ['\n\na\n'], ['', '', 'a']],
    ['need no end at the end', ['a\nb'], ['a', 'b']],
    ['of nothing are none', [], []],
    ['survive a letter cut in half', [new Uint8Array([0xc3]), new Uint8Array([0xa9, 0x0a])], ['é']],
  ] as const)
    it(sentence, async () => assert.deepEqual(await linesOf(...chunks), lines));

  it('without an end come in pieces, so that memory is bounded', async () => {
    const pieces = await linesOf('x'.repeat(longestLine + 5), 'y'.repeat(longestLine), `${'z'.repeat(2 * longestLine)}\nend\n`);
    assert.ok(pieces.every(({ length }) => length <= longestLine));
    assert.deepEqual([pieces.join('').length, pieces.at(-1)], [4 * longestLine + 8, 'end']);
  });

  it('that nobody reads any more close what they come from', async () => {
    let closed = false;
    const endless = {
      next: () => Promise.resolve({ done: false as const, value: new TextEncoder().encode('more\n') }),
      return: () => {
        closed = true;
        return Promise.resolve({ done: true as const, value: undefined });
      },
    };
    for await (const line of logLines(endless)) if (line === 'more') break;
    assert.ok(closed);
  });
});

describe('the log of a pod', () => {
  async function over(fault: Fault, use: (client: ReturnType<typeof createKubeClient>, seen: string[]) => Promise<void>) {
    await using server = await startWireServer();
    server.fault = fault;
    const client = createKubeClient({ direct: { server: server.url }, clock, random });
    try {
      await use(client, server.seen);
    } finally {
      await client.close();
    }
  }
  const pod = { namespace: 'research', name: 'pod-1' };

  it('is asked for by container, and without follow never without limit', async () => {
    await over(
      (_, response) => answer(response, 200, 'one\ntwo\n', { 'content-type': 'text/plain' }),
      async (client, seen) => {
        assert.deepEqual(await collect(client.logs(pod, { container: 'trainer', tailLines: 2 }, signal)), ['one', 'two']);
        assert.deepEqual(seen, [
          'GET /api/v1/namespaces/research/pods/pod-1/log?container=trainer&tailLines=2&limitBytes=16777216',
        ]);
      },
    );
  });

  it('is followed until the reader has enough', async () => {
    await over(
      (_, response) => {
        response.writeHead(200).write('step 1\n');
        return true;
      },
      async (client, seen) => {
        for await (const line of client.logs(pod, { container: 'trainer', follow: true }, signal)) {
          assert.equal(line, 'step 1');
          break;
        }
        assert.deepEqual(seen, ['GET /api/v1/namespaces/research/pods/pod-1/log?container=trainer&follow=true']);
      },
    );
  });

  it('that does not exist yet is an error with the words of the API server', async () => {
    const message = 'container "trainer" in pod "pod-1" is waiting to start: PodInitializing';
    await over(
      (_, response) => answer(response, 400, { kind: 'Status', code: 400, reason: 'BadRequest', message }),
      async (client) => {
        const reading = collect(client.logs(pod, { container: 'trainer' }, signal));
        await assert.rejects(reading, (error) => error instanceof ApiError && error.message.includes(message));
      },
    );
  });
});
