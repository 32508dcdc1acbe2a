/** The courier's HTTP server: health for everyone, progress for whoever holds the attempt's bearer. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type CourierReport, type DeletionPermit, mayDeleteHeader, readPermit } from '../api/courier.ts';

export interface CourierServer {
  port: number;
  close(): Promise<void>;
}

export interface CourierServerOptions {
  port: number;
  /** SHA-256, in hexadecimal, of the bearer that reads progress. */
  tokenSha256: string;
  report: () => CourierReport;
  /** Told what a request with the bearer allows. */
  permitted: (permit: DeletionPermit) => void;
}

export async function startCourierServer({ port, tokenSha256, report, permitted }: CourierServerOptions): Promise<CourierServer> {
  const expected = Buffer.from(tokenSha256, 'hex');
  const server = createServer({ maxHeaderSize: 8 * 1024, requestTimeout: 5_000, headersTimeout: 5_000 }, (request, response) => {
    const path = request.url?.split('?')[0];
    if (request.method !== 'GET') answer(response, 405, { error: 'only GET is allowed' });
    else if (path === '/healthz') answer(response, 200, { ok: true });
    else if (path !== '/v1/progress') answer(response, 404, { error: 'there is /healthz and /v1/progress' });
    else if (!allowed(request, expected)) answer(response, 401, { error: 'a valid bearer is needed' });
    else {
      const permit = readPermit(request.headers[mayDeleteHeader]);
      if (permit !== undefined) permitted(permit);
      answer(response, 200, report());
    }
  });
  server.maxConnections = 32;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, () => resolve());
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function allowed(request: IncomingMessage, expected: Buffer): boolean {
  const bearer = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
  if (bearer === undefined) return false;
  return timingSafeEqual(createHash('sha256').update(bearer).digest(), expected);
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(JSON.stringify(body));
}
