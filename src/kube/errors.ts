/** The errors of the engine: the API server's answer, no answer, and what a reconcile throws to say "do not retry". */

export interface StatusDetails {
  name?: string;
  group?: string;
  kind?: string;
  uid?: string;
  causes?: { field?: string; message?: string; reason?: string }[];
  retryAfterSeconds?: number;
}

/** `metav1.Status`, the body of every refusal. */
export interface StatusBody {
  message?: string;
  reason?: string;
  code?: number;
  details?: StatusDetails;
}

/** Thrown when the API server answered a request with anything but success. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly reason: string;
  readonly details: StatusDetails | undefined;
  /** Milliseconds after which the server asks to be tried again. */
  readonly retryAfterMs: number | undefined;

  constructor(what: string, status: number, body: StatusBody, retryAfterMs?: number) {
    super(`cannot ${what}: ${body.message ?? body.reason ?? 'no message'} (HTTP ${status})`);
    this.status = status;
    this.reason = body.reason ?? '';
    this.details = body.details;
    this.retryAfterMs = retryAfterMs ?? (body.details?.retryAfterSeconds ? body.details.retryAfterSeconds * 1000 : undefined);
  }

  get isNotFound(): boolean {
    return this.status === 404;
  }
  get isAlreadyExists(): boolean {
    return this.status === 409 && this.reason === 'AlreadyExists';
  }
  /** Someone else was faster, or a precondition did not hold. */
  get isConflict(): boolean {
    return this.status === 409 && this.reason !== 'AlreadyExists';
  }
  get isInvalid(): boolean {
    return this.status === 422;
  }
  get isForbidden(): boolean {
    return this.status === 403;
  }
  get isUnauthorized(): boolean {
    return this.status === 401;
  }
  get isTooManyRequests(): boolean {
    return this.status === 429;
  }
  /** The resource version or continue token is older than what the server still remembers: list again. */
  get isExpired(): boolean {
    return this.status === 410;
  }
}

/** Thrown when no answer came: refused, reset, timed out, or a watch that fell silent. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
  /** False when the request certainly never reached the server; true when nobody knows. */
  readonly sent: boolean;

  constructor(what: string, why: string, sent: boolean, cause?: unknown) {
    super(`cannot ${what}: ${why}`, { cause });
    this.sent = sent;
  }
}

/** Thrown when nothing came for too long over a connection that is open: the server may be frozen, and be the same when it thaws. */
export class SilenceError extends ConnectionError {
  constructor(what: string, why: string) {
    super(what, why, true);
  }
}

/** Thrown by a reconcile when trying again without a change of the object is useless; the watch alone wakes it again. */
export class TerminalError extends Error {
  override readonly name = 'TerminalError';
}

/** Thrown when the lease could not be renewed in time or another holder was seen: the process must stop acting at once. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError';
}

/** Thrown when something that must run until told otherwise ended by itself. */
export class LoopEndedError extends Error {
  override readonly name = 'LoopEndedError';
}

export function isConflict(error: unknown): boolean {
  return error instanceof ApiError && error.isConflict;
}

export function isNotFound(error: unknown): boolean {
  return error instanceof ApiError && error.isNotFound;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
