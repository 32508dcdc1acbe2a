/** The open connection to one bucket that uploads and downloads share. */
import type { S3Client } from '@aws-sdk/client-s3';
import type { Clock } from '../clock.ts';
import type { BufferPool } from './buffers.ts';
import type { Wire } from './wire.ts';

export interface StoreContext {
  client: S3Client;
  /** For the bytes of large objects. */
  wire: Wire;
  bucket: string;
  pool: BufferPool;
  partSize: number;
  clock: Clock;
}

/** Options of one request that ends when `signal` aborts. */
export function abortable(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal };
}
