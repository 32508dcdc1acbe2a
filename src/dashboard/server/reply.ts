/** What a handler answers with, and how it is written: JSON, lines as they come, pictures. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Clock } from '../../clock.ts';
import { messageOf } from '../../kube/errors.ts';
import { securityHeaders } from './headers.ts';
import type { RequestProblem } from './problem.ts';

export type Reply =
  | { type: 'json'; body: unknown; headers?: Record<string, string> }
  | { type: 'picture'; bytes: Uint8Array }
  | { type: 'text'; text: string }
  | { type: 'lines'; lines: AsyncIterable<string> }
  /** The handler has taken the response over. */
  | { type: 'taken' };

const zip = promisify(gzip);
/** Below it a compressed body is no smaller. */
const worthZipping = 1024;

export const json = (body: unknown, headers?: Record<string, string>): Reply => ({
  type: 'json',
  body,
  ...(headers ? { headers } : {}),
});

/** Nothing that is about a user is kept by anyone. */
const noStore = { 'cache-control': 'no-store' };

export async function write(request: IncomingMessage, response: ServerResponse, reply: Reply, clock: Clock): Promise<void> {
  const head = request.method === 'HEAD';
  switch (reply.type) {
    case 'json':
      return await writeJson(request, response, 200, reply.body, reply.headers);
    case 'picture':
      response.writeHead(200, {
        ...securityHeaders,
        ...noStore,
        'content-type': 'image/png',
        'content-length': reply.bytes.length,
      });
      response.end(head ? undefined : reply.bytes);
      return;
    case 'text':
      response.writeHead(200, { ...securityHeaders, ...noStore, 'content-type': 'text/plain; charset=utf-8' });
      response.end(head ? undefined : reply.text);
      return;
    case 'lines':
      return await writeLines(response, reply.lines, head, clock);
    case 'taken':
      return;
  }
}

export async function writeProblem(request: IncomingMessage, response: ServerResponse, problem: RequestProblem): Promise<void> {
  const asks: Record<string, string> = problem.status === 401 ? { 'www-authenticate': 'Bearer' } : {};
  // What is left of a body that is refused is not read.
  if (!request.complete) asks['connection'] = 'close';
  await writeJson(request, response, problem.status, problem.body, asks);
}

async function writeJson(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  body: unknown,
  more: Record<string, string> = {},
): Promise<void> {
  const text = Buffer.from(JSON.stringify(body));
  const zipped = text.length > worthZipping && acceptsGzip(request);
  const bytes = zipped ? await zip(text) : text;
  response.writeHead(status, {
    ...securityHeaders,
    ...noStore,
    ...more,
    'content-type': 'application/json; charset=utf-8',
    'content-length': bytes.length,
    vary: 'accept-encoding',
    ...(zipped ? { 'content-encoding': 'gzip' } : {}),
  });
  response.end(request.method === 'HEAD' ? undefined : bytes);
}

export function acceptsGzip(request: IncomingMessage): boolean {
  return /\bgzip\b(?!\s*;\s*q=0(\.0+)?\s*(,|$))/.test(request.headers['accept-encoding']?.toString() ?? '');
}

/** What cannot be read at all is an answer of its own, if that is known within so many milliseconds. */
const firstLineMs = 3_000;

/** Lines as text, never as markup; as fast as the reader takes them. An error after the answer has begun is the last line. */
async function writeLines(response: ServerResponse, lines: AsyncIterable<string>, head: boolean, clock: Clock): Promise<void> {
  const iterator = lines[Symbol.asyncIterator]();
  const begin = () => {
    if (response.headersSent || response.destroyed) return;
    response.writeHead(200, { ...securityHeaders, ...noStore, 'content-type': 'text/plain; charset=utf-8' });
    response.flushHeaders();
  };
  // A trainer that has not said anything yet is not an answer that has not come yet.
  const cancel = clock.timer(firstLineMs, begin);
  try {
    let next = await iterator.next();
    begin();
    if (head) next = { done: true, value: undefined };
    while (next.done !== true) {
      if (!response.write(`${next.value}\n`)) await drained(response);
      if (response.destroyed) return;
      next = await iterator.next();
    }
  } catch (error) {
    if (!response.headersSent) throw error;
    response.write(`[atoll] the log ends here: ${messageOf(error)}\n`);
  } finally {
    cancel();
    await iterator.return?.();
  }
  response.end();
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    response.once('drain', resolve);
    response.once('close', resolve);
  });
}
