/** What can go wrong with object storage, as nouns with data; `storeError` maps what the S3 client throws onto them. */

/** The key exists already and the write was create-only. */
export class PreconditionFailedError extends Error {
  override readonly name = 'PreconditionFailedError';
  readonly key: string;
  constructor(key: string, options?: ErrorOptions) {
    super(`cannot create ${key}: an object with that key exists already`, options);
    this.key = key;
  }
}

/** Another writer is at the same key at this moment (409); trying again settles it. */
export class ConflictError extends Error {
  override readonly name = 'ConflictError';
  readonly key: string;
  constructor(key: string, options?: ErrorOptions) {
    super(`cannot write ${key}: another write of the same key is under way`, options);
    this.key = key;
  }
}

/** The store did not answer, or answered that it is overloaded or broken: worth trying again. */
export class StoreUnavailableError extends Error {
  override readonly name = 'StoreUnavailableError';
  readonly key: string;
  constructor(operation: string, key: string, why: string, options?: ErrorOptions) {
    super(`cannot ${operation} ${key}: ${why}`, options);
    this.key = key;
  }
}

/** The store answered and said no (credentials, bucket, key): the same call will fail again until somebody changes something. */
export class StoreRefusedError extends Error {
  override readonly name = 'StoreRefusedError';
  readonly key: string;
  /** The store's own code, such as `AccessDenied` or `NoSuchBucket`. */
  readonly code: string;
  constructor(operation: string, key: string, code: string, why: string, options?: ErrorOptions) {
    super(`cannot ${operation} ${key}: the store refuses with ${code}: ${why}`, options);
    this.key = key;
    this.code = code;
  }
}

/** An object is missing, or its bytes are not those its manifest promises. */
export class DamagedObjectError extends Error {
  override readonly name = 'DamagedObjectError';
  readonly key: string;
  constructor(key: string, what: string, options?: ErrorOptions) {
    super(`cannot use ${key}: ${what}`, options);
    this.key = key;
  }
}

/** Another pod writes under the attempt this one believed to own. */
export class AttemptTakenError extends Error {
  override readonly name = 'AttemptTakenError';
  readonly key: string;
  constructor(key: string, by: string, options?: ErrorOptions) {
    super(`cannot go on with this attempt: ${key} was written by ${by}`, options);
    this.key = key;
  }
}

/** What a trainer saved cannot be published: a file or a value in it is wrong. Saving it again is up to the trainer. */
export class InvalidCheckpointError extends Error {
  override readonly name = 'InvalidCheckpointError';
  /** The file in the checkpoint's directory. */
  readonly path: string;
  constructor(path: string, what: string, options?: ErrorOptions) {
    super(`cannot publish ${path}: ${what}`, options);
    this.path = path;
  }
}

/** Weights that are NaN or infinite: nobody can use such a result, and saving it again does not help. */
export class NonFiniteWeightsError extends InvalidCheckpointError {}

/** Whether the storage, and not the data or the attempt, is what failed. */
export function isStorageError(error: unknown): error is StoreUnavailableError | StoreRefusedError | ConflictError {
  return error instanceof StoreUnavailableError || error instanceof StoreRefusedError || error instanceof ConflictError;
}

interface ServiceFault {
  name: string;
  message: string;
  status: number | undefined;
}

function serviceFault(error: unknown): ServiceFault {
  if (!(error instanceof Error)) return { name: 'Unknown', message: String(error), status: undefined };
  const metadata = '$metadata' in error ? (error.$metadata as { httpStatusCode?: number } | undefined) : undefined;
  const code = 'Code' in error && typeof error.Code === 'string' ? error.Code : error.name;
  return { name: code, message: error.message || code, status: metadata?.httpStatusCode };
}

const BUSY = new Set(['SlowDown', 'ServiceUnavailable', 'InternalError', 'RequestTimeout', 'Throttling', 'ThrottlingException']);
const RACING = new Set(['ConditionalRequestConflict', 'OperationAborted']);

const ABSENT = new Set(['NoSuchKey', 'NotFound']);
/** What the code of a 404 is called here when the answer named none. */
const UNNAMED = new Set(['Unknown', 'UnknownError', 'HTTP404']);

/**
 * The object is not there. A 404 that names something else, such as a missing bucket or, of some stores, a user of that key id who does
 * not exist, is a refusal: to take it for a lost object would send people looking for damage.
 */
export function isNotFound(error: unknown): boolean {
  const { name, status } = serviceFault(error);
  return ABSENT.has(name) || (status === 404 && UNNAMED.has(name));
}

/** Translates what the S3 client threw; an abort by the caller's own signal passes through as it is. */
export function storeError(operation: string, key: string, error: unknown, signal?: AbortSignal): Error {
  if (signal?.aborted) return signal.reason instanceof Error ? signal.reason : new Error('aborted', { cause: error });
  const { name, message, status } = serviceFault(error);
  if (status === 412 || name === 'PreconditionFailed') return new PreconditionFailedError(key, { cause: error });
  if (RACING.has(name)) return new ConflictError(key, { cause: error });
  if (BUSY.has(name) || status === undefined || status >= 500 || status === 429) {
    return new StoreUnavailableError(operation, key, name === message ? name : `${name}: ${message}`, { cause: error });
  }
  return new StoreRefusedError(operation, key, name, message, { cause: error });
}
