/** Free TCP ports of the loopback address for servers that want to know theirs before they start. */
import { createServer } from 'node:net';

/** A port nobody listens on, below the range that outgoing connections are given, so that none of them takes it meanwhile. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    if (await canListen(port)) return port;
  }
  throw new Error('cannot find a free port between 20000 and 32000 on 127.0.0.1 in 100 tries');
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}
