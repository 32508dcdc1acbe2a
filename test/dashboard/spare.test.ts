/** Connections that a browser opens before it needs them. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { startMemoryWorld } from './memory-world.ts';

/** What the server sends over a connection until it closes it. */
function heardOn(port: number, said: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let heard = '';
    const socket = connect({ host: '127.0.0.1', port }, () => void socket.write(said));
    socket.setEncoding('utf8').on('data', (text: string) => {
      heard += text;
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(heard));
  });
}

test('a connection on which nothing was asked is closed without a word, which a browser would take for the answer to its next request', async () => {
  const world = await startMemoryWorld({ headMs: 200 });
  try {
    assert.equal(await heardOn(world.port, ''), '');
    assert.match(await heardOn(world.port, 'no HTTP\r\n\r\n'), /^HTTP\/1\.1 400 Bad Request\r\n/);
  } finally {
    await world.stop();
  }
});
