/** Downloads of whole objects: ranges in parallel, hashed in order, in memory of a fixed size. */
import { createHash, type Hash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { GetObjectCommand, HeadObjectCommand } from '@aws-sdk/client-s3';
import { abortable, type StoreContext } from './context.ts';
import { DamagedObjectError, isNotFound, StoreUnavailableError, storeError } from './errors.ts';
import type { GetFileOptions, StoredFile } from './object-store.ts';
import { signedRequest, type WireReply } from './wire.ts';

/** Ranges of one object asked for at the same time. */
const PARALLEL = 4;
/** Tries of one range whose body broke off; the S3 client retries only up to the headers. */
const BODY_TRIES = 4;

/** Fills `target` from a response body; anything but exactly that many bytes is an error. */
export async function readBody(body: unknown, target: Uint8Array): Promise<void> {
  if (!(body instanceof Readable)) throw new TypeError('the reply has no body that can be read');
  let offset = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    if (offset + chunk.length > target.length) throw new Error(`the reply has more than ${target.length} bytes`);
    target.set(chunk, offset);
    offset += chunk.length;
  }
  if (offset !== target.length) throw new Error(`the reply broke off after ${offset} of ${target.length} bytes`);
}

/** One range of an object that is meant to have `size` bytes altogether. */
async function readRange(context: StoreContext, key: string, size: number, start: number, target: Buffer, signal?: AbortSignal) {
  const command = new GetObjectCommand({
    Bucket: context.bucket,
    Key: key,
    Range: `bytes=${start}-${start + target.length - 1}`,
  });
  for (let attempt = 1; ; attempt += 1) {
    try {
      const reply = await context.wire.read(await signedRequest(context.client, command), target, signal);
      return expectRange(key, size, target.length, reply);
    } catch (error) {
      if (error instanceof DamagedObjectError) throw error;
      if (isNotFound(error)) throw new DamagedObjectError(key, 'it does not exist', { cause: error });
      const translated = storeError('read', key, error, signal);
      if (!(translated instanceof StoreUnavailableError) || attempt === BODY_TRIES) throw translated;
      await context.clock.sleep(100 * 2 ** attempt, signal);
    }
  }
}

/** Throws unless the answer was the asked range of an object of that size. */
function expectRange(key: string, size: number, length: number, { status, headers, body }: WireReply): void {
  if (status === 416) throw new DamagedObjectError(key, `it is shorter than ${size} bytes`);
  if (status !== 206 && status !== 200) {
    const [code = `HTTP${status}`, message = `the store answers ${status}`] = ['Code', 'Message'].map(
      (name) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(body)?.[1],
    );
    throw Object.assign(new Error(message), { Code: code, $metadata: { httpStatusCode: status } });
  }
  const total = Number(headers.get('content-range')?.split('/')[1] ?? headers.get('content-length'));
  if (total !== size) throw new DamagedObjectError(key, `it has ${total} bytes, expected ${size}`);
  const sent = Number(headers.get('content-length'));
  if (sent !== length) throw new Error(`the store sent ${sent} bytes for a range of ${length}`);
}

interface Range {
  start: number;
  buffer: Buffer;
  /** The part of the buffer that the range fills. */
  chunk: Buffer;
  done: Promise<Error | undefined>;
}

/** What is there already of an object: how many bytes, and their hash, which goes on. */
interface Begun {
  from: number;
  hash: Hash;
}

/** Reads `size` bytes of an object in order, giving each piece to `sink`; returns the SHA-256 in hexadecimal. */
export async function streamObject(
  context: StoreContext,
  key: string,
  size: number,
  sink: (chunk: Buffer, start: number) => Promise<void>,
  signal?: AbortSignal,
  { from, hash }: Begun = { from: 0, hash: createHash('sha256') },
): Promise<string> {
  const { pool, partSize } = context;
  if (size === 0) await expectEmpty(context, key, signal);
  const ranges: Range[] = [];
  let next = from;
  try {
    while (next < size || ranges.length > 0) {
      while (next < size && ranges.length < PARALLEL) {
        // Whoever holds a buffer must not wait for another: two downloads doing so would wait for each other.
        const buffer = ranges.length > 0 ? pool.tryAcquire(partSize) : await pool.acquire(partSize);
        if (buffer === undefined) break;
        const chunk = buffer.subarray(0, Math.min(partSize, size - next));
        const done = readRange(context, key, size, next, chunk, signal).then(
          () => undefined,
          (error: Error) => error,
        );
        ranges.push({ start: next, buffer, chunk, done });
        next += chunk.length;
      }
      const range = ranges[0] as Range;
      const failure = await range.done;
      if (failure !== undefined) throw failure;
      hash.update(range.chunk);
      await sink(range.chunk, range.start);
      ranges.shift();
      pool.release(range.buffer);
    }
  } catch (error) {
    for (const range of ranges) {
      await range.done;
      pool.release(range.buffer, false);
    }
    throw error;
  }
  return hash.digest('hex');
}

export interface Expected {
  size: number;
  sha256?: string;
  signal?: AbortSignal;
}

/** Reads an object that has to have these bytes; returns its SHA-256. */
export async function verifyObject(
  context: StoreContext,
  key: string,
  expected: Expected,
  sink: (chunk: Buffer, start: number) => Promise<void> = async () => undefined,
  begun?: Begun,
): Promise<StoredFile> {
  const { size } = expected;
  const sha256 = await streamObject(context, key, size, sink, expected.signal, begun);
  if (expected.sha256 !== undefined && sha256 !== expected.sha256) {
    throw new DamagedObjectError(key, `its SHA-256 is ${sha256}, expected ${expected.sha256}`);
  }
  return { size, sha256 };
}

export async function downloadFile(
  context: StoreContext,
  key: string,
  path: string,
  expected: GetFileOptions,
): Promise<StoredFile> {
  const { resume = false, onBytes = () => {} } = expected;
  const partial = `${path}.partial`;
  await mkdir(dirname(path), { recursive: true });
  const file = await open(partial, constants.O_RDWR | constants.O_CREAT | (resume ? 0 : constants.O_TRUNC));
  let stored: StoredFile;
  try {
    const begun = await readBegun(file, expected.size);
    onBytes(begun.from);
    const sink = async (chunk: Buffer, start: number) => {
      await writeFully(file, chunk, start);
      onBytes(chunk.length);
    };
    try {
      stored = await verifyObject(context, key, expected, sink, begun);
    } catch (error) {
      // What lay there may be what is wrong, and not the object.
      if (!(error instanceof DamagedObjectError) || begun.from === 0) throw error;
      onBytes(-expected.size);
      stored = await verifyObject(context, key, expected, sink);
    }
  } catch (error) {
    await file.close();
    if (!resume || error instanceof DamagedObjectError) await rm(partial, { force: true });
    throw error;
  }
  await file.close();
  await rename(partial, path);
  return stored;
}

const pieceBytes = 1024 * 1024;

/** The hash of what an earlier call has written; a file that is too long is emptied. */
async function readBegun(file: FileHandle, size: number): Promise<Begun> {
  const hash = createHash('sha256');
  let { size: from } = await file.stat();
  if (from > size) {
    await file.truncate(0);
    from = 0;
  }
  const piece = Buffer.alloc(Math.min(pieceBytes, Math.max(1, from)));
  for (let at = 0; at < from; ) {
    const { bytesRead } = await file.read(piece, 0, Math.min(piece.length, from - at), at);
    hash.update(piece.subarray(0, bytesRead));
    at += bytesRead;
  }
  return { from, hash };
}

async function writeFully(file: FileHandle, chunk: Buffer, start: number): Promise<void> {
  let written = 0;
  while (written < chunk.length) {
    written += (await file.write(chunk, written, chunk.length - written, start + written)).bytesWritten;
  }
}

async function expectEmpty(context: StoreContext, key: string, signal?: AbortSignal): Promise<void> {
  try {
    const command = new HeadObjectCommand({ Bucket: context.bucket, Key: key });
    const { ContentLength } = await context.client.send(command, abortable(signal));
    if (ContentLength !== undefined && ContentLength !== 0)
      throw new DamagedObjectError(key, `it has ${ContentLength} bytes, expected 0`);
  } catch (error) {
    if (error instanceof DamagedObjectError) throw error;
    if (isNotFound(error)) throw new DamagedObjectError(key, 'it does not exist', { cause: error });
    throw storeError('look up', key, error, signal);
  }
}
