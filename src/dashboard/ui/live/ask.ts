/** Requests to the server, with its words for what went wrong. */
import { signal } from '@preact/signals';
import type { Problem } from '../../view/common.ts';
import { type Answers, csrfHeader, type RouteName, routes } from '../../view/routes.ts';
import type { SessionView } from '../../view/session.ts';
import { urlOf } from '../../view/url.ts';
import { below } from '../navigation.ts';

/** Who is signed in: undefined until the server said so, null when nobody is. */
export const session = signal<SessionView | null | undefined>(undefined);

/** The server refused or failed; `message` is its sentence. `code` is `Away` when no answer came at all. */
export class AskError extends Error {
  readonly code: Problem['code'] | 'Away';

  constructor(code: Problem['code'] | 'Away', message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export type Parts = Readonly<Record<string, string | number>>;
export type Query = Readonly<Record<string, string | number | undefined>>;

export interface Asked {
  parts?: Parts;
  query?: Query;
  body?: object;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/** The JSON of a route. Throws an AskError, or the reason of the signal. */
export async function ask<Name extends keyof Answers>(route: Name, asked: Asked = {}): Promise<Answers[Name]> {
  const response = await open(route, asked);
  return (await response.json()) as Answers[Name];
}

/** Sends a request and checks its status; whoever signed out meanwhile is asked to sign in again. */
export async function open(route: RouteName, asked: Asked = {}): Promise<Response> {
  const { parts, query, body, headers, signal: stop } = asked;
  const { method } = routes[route];
  const changes = method === 'GET' ? {} : { 'content-type': 'application/json', [csrfHeader]: session.peek()?.csrf ?? '' };
  const response = await fetch(below(urlOf(route, parts, query)), {
    method,
    headers: { ...changes, ...headers },
    ...(method === 'POST' ? { body: JSON.stringify(body ?? {}) } : {}),
    ...(stop ? { signal: stop } : {}),
    credentials: 'same-origin',
    cache: 'no-store',
  }).catch((cause: unknown) => {
    stop?.throwIfAborted();
    throw new AskError('Away', 'the server does not answer. The page tries again by itself.', { cause });
  });
  if (response.ok) return response;
  const problem = await problemOf(response);
  if (problem.code === 'SignInNeeded') session.value = null;
  throw problem;
}

/** A proxy between page and server answers in its own words: then the status is what can be said. */
async function problemOf(response: Response): Promise<AskError> {
  const body: unknown = await response.json().catch(() => undefined);
  if (isProblem(body)) return new AskError(body.code, body.message);
  if (response.status === 401) return new AskError('SignInNeeded', 'sign in again.');
  return new AskError('Unavailable', `the server answered with status ${response.status}.`);
}

function isProblem(value: unknown): value is Problem {
  return (
    typeof value === 'object' && value !== null && 'code' in value && 'message' in value && typeof value.message === 'string'
  );
}

/** What is said about an error of any kind. */
export const why = (error: unknown): string => (error instanceof Error ? error.message : String(error));
