/** `createObjectStore`: the bucket of one store configuration over the S3 client. */
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { Readable } from 'node:stream';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3';
import type { StoreConfig } from '../api/stores.ts';
import { type Clock, systemClock } from '../clock.ts';
import { BufferPool } from './buffers.ts';
import { abortable, type StoreContext } from './context.ts';
import { downloadFile, readBody, verifyObject } from './download.ts';
import { ConflictError, DamagedObjectError, isNotFound, storeError } from './errors.ts';
import type { CredentialsSource } from './object-store.ts';
import type { ProbedStore } from './probe.ts';
import { uploadFile, uploadInParts } from './upload.ts';
import { Wire } from './wire.ts';

/** Parts in flight of one store, in bytes; with Node and the S3 client beside it the courier stays under 200 MB. */
const PART_BUDGET = 48 * 1024 * 1024;
const IDLE_TIMEOUT_MS = 60_000;
const CREDENTIALS_LIFETIME_MS = 5 * 60_000;
const CONFLICT_RETRIES = 5;

export interface ObjectStoreOptions {
  clock?: Clock;
  /** Tries of one request before the caller hears of it. */
  maxAttempts?: number;
  /** A connection without a byte for this long counts as lost. */
  idleTimeoutMs?: number;
  /** Bytes of a part; a larger file than 10,000 of them gets larger parts. */
  partSize?: number;
}

export function createObjectStore(
  config: StoreConfig,
  credentials: CredentialsSource,
  options: ObjectStoreOptions = {},
): ProbedStore {
  const clock = options.clock ?? systemClock;
  const client = new S3Client(clientConfig(config, credentials, clock, options));
  const { bucket } = config;
  const context: StoreContext = {
    client,
    wire: new Wire(options.idleTimeoutMs ?? IDLE_TIMEOUT_MS),
    bucket,
    pool: new BufferPool(PART_BUDGET),
    partSize: options.partSize ?? 8 * 1024 * 1024,
    clock,
  };

  async function call<T>(operation: string, key: string, signal: AbortSignal | undefined, run: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await run();
      } catch (error) {
        if (error instanceof DamagedObjectError) throw error;
        const translated = storeError(operation, key, error, signal);
        if (!(translated instanceof ConflictError) || attempt > CONFLICT_RETRIES) throw translated;
        await clock.sleep(100 * 2 ** attempt, signal);
      }
    }
  }

  /** Of an object as GET knows it, of which one byte is asked for. */
  async function sizeOf(key: string, signal?: AbortSignal): Promise<{ size: number } | undefined> {
    try {
      const command = new GetObjectCommand({ Bucket: bucket, Key: key, Range: 'bytes=0-0' });
      const { Body, ContentRange } = await client.send(command, abortable(signal));
      if (Body instanceof Readable) Body.destroy();
      return { size: Number(ContentRange?.split('/')[1] ?? 0) };
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  return {
    name: config.name,
    bucket,
    async put(key, body, { ifNoneMatch, contentType, signal } = {}) {
      const command = new PutObjectCommand({
        Bucket: bucket,
        Key: key,
        Body: body,
        ...(ifNoneMatch === undefined ? {} : { IfNoneMatch: ifNoneMatch }),
        ...(contentType === undefined ? {} : { ContentType: contentType }),
      });
      await call('write', key, signal, () => client.send(command, abortable(signal)));
    },
    putInParts: (key, body) => uploadInParts(context, key, body),
    putFile: (key, path, fileOptions = {}) => uploadFile(context, key, path, fileOptions),
    async get(key, { maxBytes, signal }) {
      const command = new GetObjectCommand({ Bucket: bucket, Key: key });
      return call('read', key, signal, async () => {
        try {
          const reply = await client.send(command, abortable(signal));
          const size = reply.ContentLength ?? 0;
          if (size > maxBytes) {
            if (reply.Body instanceof Readable) reply.Body.destroy();
            throw new DamagedObjectError(key, `it has ${size} bytes, at most ${maxBytes} are allowed`);
          }
          const body = new Uint8Array(size);
          await readBody(reply.Body, body);
          return body;
        } catch (error) {
          if (isNotFound(error)) return undefined;
          throw error;
        }
      });
    },
    getFile: (key, path, file) => downloadFile(context, key, path, file),
    verifyFile: async (key, file) => void (await verifyObject(context, key, file)),
    async head(key, { signal } = {}) {
      return call('look up', key, signal, async () => {
        try {
          const reply = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }), abortable(signal));
          return { size: reply.ContentLength ?? 0 };
        } catch (error) {
          if (!isNotFound(error)) throw error;
          // An answer to HEAD has no body, so a 404 does not say what is missing; that to GET does.
          return await sizeOf(key, signal);
        }
      });
    },
    async *list(prefix, { signal } = {}) {
      let token: string | undefined;
      do {
        const command = new ListObjectsV2Command({
          Bucket: bucket,
          Prefix: prefix,
          ...(token ? { ContinuationToken: token } : {}),
        });
        const page = await call('list', prefix, signal, () => client.send(command, abortable(signal)));
        for (const { Key, Size } of page.Contents ?? []) {
          // Some stores list a folder as an empty object whose key ends with a slash.
          if (Key !== undefined && !Key.endsWith('/')) yield { key: Key, size: Size ?? 0 };
        }
        token = page.IsTruncated ? page.NextContinuationToken : undefined;
      } while (token !== undefined);
    },
    async delete(key) {
      await call('delete', key, undefined, () => client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key })));
    },
  };
}

function clientConfig(
  config: StoreConfig,
  credentials: CredentialsSource,
  clock: Clock,
  options: ObjectStoreOptions,
): S3ClientConfig {
  const connections = { keepAlive: true, maxSockets: 32 };
  return {
    region: config.region,
    forcePathStyle: config.pathStyle,
    ...(config.endpoint === undefined ? {} : { endpoint: config.endpoint }),
    // The client's newer default checksums break stores that do not know them. Atoll keeps its own SHA-256 everywhere.
    requestChecksumCalculation: config.endpoint === undefined ? 'WHEN_SUPPORTED' : 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    credentials: typeof credentials === 'function' ? expiring(credentials, clock) : { ...plain(credentials) },
    maxAttempts: options.maxAttempts ?? 4,
    requestHandler: {
      connectionTimeout: 5_000,
      socketTimeout: options.idleTimeoutMs ?? IDLE_TIMEOUT_MS,
      httpAgent: new HttpAgent(connections),
      httpsAgent: new HttpsAgent(connections),
    },
  };
}

function plain({ accessKeyId, secretAccessKey, sessionToken }: Exclude<CredentialsSource, () => Promise<unknown>>) {
  return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
}

function expiring(read: Extract<CredentialsSource, () => Promise<unknown>>, clock: Clock) {
  return async () => ({ ...plain(await read()), expiration: new Date(clock.now() + CREDENTIALS_LIFETIME_MS) });
}
