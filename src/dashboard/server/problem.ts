/** What a request is refused with: a status, a stable code and a sentence; nothing else reaches the outside. */
import type { Problem } from '../view/common.ts';

const statuses: Readonly<Record<Problem['code'], number>> = {
  BadRequest: 400,
  SignInNeeded: 401,
  NotAllowed: 403,
  NotFound: 404,
  Conflict: 409,
  TooLarge: 413,
  Refused: 422,
  TooMany: 429,
  Failed: 500,
  Unavailable: 503,
};

/** Thrown by whatever handles a request; the message is for people and holds no secret. */
export class RequestProblem extends Error {
  override readonly name = 'RequestProblem';
  readonly code: Problem['code'];
  readonly field: string | undefined;

  constructor(code: Problem['code'], message: string, field?: string) {
    super(message);
    this.code = code;
    this.field = field;
  }

  get status(): number {
    return statuses[this.code];
  }

  get body(): Problem {
    return { code: this.code, message: this.message, ...(this.field === undefined ? {} : { field: this.field }) };
  }
}

/** The same words whether or not the thing exists. */
export const notAllowed = (): RequestProblem =>
  new RequestProblem('NotAllowed', 'you may not do this, or it is not here; ask an administrator for a role in the namespace');

export const signInNeeded = (): RequestProblem =>
  new RequestProblem('SignInNeeded', 'sign in with a bearer token that the API server accepts; kubectl create token makes one');

export const notFound = (what: string): RequestProblem => new RequestProblem('NotFound', `cannot find ${what}`);

export const badRequest = (message: string, field?: string): RequestProblem => new RequestProblem('BadRequest', message, field);
