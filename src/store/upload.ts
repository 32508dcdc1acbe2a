/** Uploads of whole files: one read, hashed on the way, parts in buffers that can be sent again, visible only when complete. */
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { abortable, type StoreContext } from './context.ts';
import { streamObject } from './download.ts';
import { ConflictError, DamagedObjectError, isNotFound, isStorageError, PreconditionFailedError, storeError } from './errors.ts';
import { FileSource } from './file-source.ts';
import type { PutFileOptions, StoredFile } from './object-store.ts';

/** Parts of one file on the wire at the same time. */
const PARALLEL = 4;
/** The limit of the protocol on parts of one upload. */
const MAX_PARTS = 10_000;
const MIB = 1024 * 1024;
const CONFLICT_TRIES = 4;

export async function uploadFile(context: StoreContext, key: string, path: string, options: PutFileOptions): Promise<StoredFile> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await uploadOnce(context, key, path, options);
    } catch (error) {
      // After a 409 the protocol asks to start the whole upload again.
      if (!(error instanceof ConflictError) || tries === CONFLICT_TRIES) throw error;
      await context.clock.sleep(200 * 2 ** tries, options.signal);
    }
  }
}

async function uploadOnce(context: StoreContext, key: string, path: string, options: PutFileOptions): Promise<StoredFile> {
  const source = await FileSource.open(path, options.inspect);
  try {
    if (source.size <= context.partSize) return await uploadWhole(context, key, source, options.signal);
    if ((await objectSize(context, key, options.signal)) !== undefined)
      return await expectSame(context, key, await source.drain(context), options.signal);
    return await uploadParts(context, key, source, options.signal);
  } finally {
    await source.close();
  }
}

async function uploadWhole(context: StoreContext, key: string, source: FileSource, signal?: AbortSignal): Promise<StoredFile> {
  const buffer = await context.pool.acquire(context.partSize);
  let stored: StoredFile;
  let failure: Error | undefined;
  let sent = false;
  try {
    const body = await source.next(buffer.subarray(0, source.size));
    stored = source.finish();
    const command = new PutObjectCommand({ Bucket: context.bucket, Key: key, Body: body, IfNoneMatch: '*' });
    failure = await attempt('write', key, signal, () => context.client.send(command, abortable(signal)));
    sent = failure === undefined;
  } finally {
    context.pool.release(buffer, sent);
  }
  // Settling reads the object: that needs a buffer of its own, so this one has to be given back first.
  return failure === undefined ? stored : settle(context, key, stored, failure, signal);
}

async function uploadParts(context: StoreContext, key: string, source: FileSource, signal?: AbortSignal): Promise<StoredFile> {
  const target = { Bucket: context.bucket, Key: key };
  const partSize = Math.max(context.partSize, Math.ceil(source.size / MAX_PARTS / MIB) * MIB);
  if (partSize > context.pool.budget) {
    throw new RangeError(
      `cannot publish ${source.path}: it has ${source.size} bytes, one file may have ${context.pool.budget * MAX_PARTS}; split it`,
    );
  }
  let uploadId: string | undefined;
  try {
    uploadId = (await context.client.send(new CreateMultipartUploadCommand(target), abortable(signal))).UploadId;
  } catch (error) {
    throw storeError('write', key, error, signal);
  }
  const upload = { ...target, UploadId: uploadId };
  try {
    const parts = await sendParts(context, upload, source, partSize, signal);
    const stored = source.finish();
    const complete = new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts: parts }, IfNoneMatch: '*' });
    const failure = await attempt('write', key, signal, () => context.client.send(complete, abortable(signal)));
    return failure === undefined ? stored : await settle(context, key, stored, failure, signal);
  } catch (error) {
    // What cannot be aborted now is left to the bucket's rule for incomplete uploads; the first error is the one to tell.
    await context.client.send(new AbortMultipartUploadCommand(upload)).catch(() => undefined);
    throw error;
  }
}

async function sendParts(
  context: StoreContext,
  upload: { Bucket: string; Key: string; UploadId: string | undefined },
  source: FileSource,
  partSize: number,
  signal?: AbortSignal,
): Promise<CompletedPart[]> {
  const parts: CompletedPart[] = [];
  const flying = new Set<Promise<void>>();
  let failure: Error | undefined;
  for (let number = 1; source.left > 0 && failure === undefined; number += 1) {
    if (flying.size >= PARALLEL) await Promise.race(flying);
    const buffer = await context.pool.acquire(partSize);
    let body: Buffer;
    try {
      body = await source.next(buffer.subarray(0, Math.min(partSize, source.left)));
    } catch (error) {
      context.pool.release(buffer);
      failure = error as Error;
      break;
    }
    const part: CompletedPart = { PartNumber: number };
    parts.push(part);
    const command = new UploadPartCommand({ ...upload, PartNumber: number, Body: body });
    const flight = attempt('write', upload.Key, signal, async () => {
      part.ETag = (await context.client.send(command, abortable(signal))).ETag;
    }).then((error) => {
      failure ??= error;
      context.pool.release(buffer, error === undefined);
      flying.delete(flight);
    });
    flying.add(flight);
  }
  await Promise.all(flying);
  if (failure !== undefined) throw failure;
  return parts;
}

/** One object as a multipart upload of one part, create-only: how the probe sees whether the store honours that. */
export async function uploadInParts(context: StoreContext, key: string, body: Uint8Array): Promise<void> {
  const target = { Bucket: context.bucket, Key: key };
  try {
    const { UploadId } = await context.client.send(new CreateMultipartUploadCommand(target));
    const upload = { ...target, UploadId };
    try {
      const { ETag } = await context.client.send(new UploadPartCommand({ ...upload, PartNumber: 1, Body: body }));
      const parts = { MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] } };
      await context.client.send(new CompleteMultipartUploadCommand({ ...upload, ...parts, IfNoneMatch: '*' }));
    } catch (error) {
      await context.client.send(new AbortMultipartUploadCommand(upload)).catch(() => undefined);
      throw error;
    }
  } catch (error) {
    throw storeError('write', key, error);
  }
}

/** After a write that failed or whose reply was lost: the object may be there all the same, and then its bytes decide. */
async function settle(
  context: StoreContext,
  key: string,
  stored: StoredFile,
  failure: Error,
  signal?: AbortSignal,
): Promise<StoredFile> {
  if (failure instanceof ConflictError || signal?.aborted) throw failure;
  if (!(failure instanceof PreconditionFailedError) && !isStorageError(failure)) throw failure;
  const size = await objectSize(context, key, signal);
  if (size === undefined) throw failure;
  return expectSame(context, key, stored, signal);
}

async function expectSame(context: StoreContext, key: string, stored: StoredFile, signal?: AbortSignal): Promise<StoredFile> {
  try {
    const sha256 = await streamObject(context, key, stored.size, async () => undefined, signal);
    if (sha256 === stored.sha256) return stored;
  } catch (error) {
    if (!(error instanceof DamagedObjectError)) throw error;
  }
  throw new PreconditionFailedError(key);
}

async function objectSize(context: StoreContext, key: string, signal?: AbortSignal): Promise<number | undefined> {
  try {
    const reply = await context.client.send(new HeadObjectCommand({ Bucket: context.bucket, Key: key }), abortable(signal));
    return reply.ContentLength ?? 0;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw storeError('look up', key, error, signal);
  }
}

async function attempt(operation: string, key: string, signal: AbortSignal | undefined, run: () => Promise<unknown>) {
  try {
    await run();
    return undefined;
  } catch (error) {
    return storeError(operation, key, error, signal);
  }
}
