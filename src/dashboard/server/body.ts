/** The JSON body of a request: small, and with known fields only. */
import type { IncomingMessage } from 'node:http';
import type { Route } from '../view/routes.ts';
import { badRequest, RequestProblem } from './problem.ts';

const longest = 16 * 1024;

/** Texts by field; an absent body is an empty object. Throws a `RequestProblem` on anything else. */
export async function readBody(request: IncomingMessage, route: Route): Promise<Readonly<Record<string, string>>> {
  const text = await readText(request);
  if (text.trim() === '') return {};
  const type = request.headers['content-type']?.split(';')[0]?.trim();
  // Also keeps forms of other sites out: a browser asks before it sends this type elsewhere.
  if (type !== 'application/json') throw badRequest('the body must be application/json');
  const value = parse(text);
  const known = route.body ?? [];
  const fields: Record<string, string> = {};
  for (const [key, field] of Object.entries(value)) {
    if (!known.includes(key))
      throw badRequest(`cannot read the body: a field is not known; known are ${known.join(', ') || 'none'}`, 'body');
    if (typeof field !== 'string') throw badRequest(`${key} must be a text`, key);
    fields[key] = field;
  }
  return fields;
}

function parse(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch {
    // Said below, without what the parser quotes of it.
  }
  throw badRequest('the body must be a JSON object');
}

async function readText(request: IncomingMessage): Promise<string> {
  const tooLarge = () => new RequestProblem('TooLarge', `the body must have at most ${longest} bytes`);
  if (Number(request.headers['content-length'] ?? 0) > longest) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > longest) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
