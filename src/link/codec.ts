/** Messages to bytes and back, bounded both ways: what cannot be read is an error with a reason that can be counted. */
import type { z } from 'zod';
import { mostBytes } from './messages.ts';
import type { DropReason } from './metrics.ts';

/** Thrown for a message that is not acted on. */
export class MessageError extends Error {
  override readonly name = 'MessageError';
  readonly reason: Extract<DropReason, 'malformed' | 'oversized'>;

  constructor(reason: 'malformed' | 'oversized', message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

export function encode(message: object): Uint8Array {
  return Buffer.from(JSON.stringify(message));
}

/** Throws `MessageError`, whatever the bytes are. */
export function decodeJson(data: Uint8Array): unknown {
  if (data.length > mostBytes)
    throw new MessageError('oversized', `cannot read a message of ${data.length} bytes: at most ${mostBytes} are allowed`);
  try {
    return JSON.parse(Buffer.from(data).toString('utf8')) as unknown;
  } catch (cause) {
    throw new MessageError('malformed', 'cannot read a message: it is no JSON', { cause });
  }
}

/** Throws `MessageError` that names the first field that is wrong. */
export function read<S extends z.ZodType>(schema: S, value: unknown): z.infer<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new MessageError('malformed', `cannot read a message: ${issue?.path.join('.') || 'it'}: ${issue?.message ?? 'wrong'}`);
}

export function decode<S extends z.ZodType>(schema: S, data: Uint8Array): z.infer<S> {
  return read(schema, decodeJson(data));
}

/** Reads each part by itself: one that is malformed is told about and left out. */
export function readEach<S extends z.ZodType>(
  schema: S,
  parts: readonly unknown[],
  malformed: (error: MessageError) => void,
): z.infer<S>[] {
  return parts.flatMap((part) => {
    try {
      return [read(schema, part)];
    } catch (error) {
      if (!(error instanceof MessageError)) throw error;
      malformed(error);
      return [];
    }
  });
}

export interface Batch<T> {
  taken: T[];
  bytes: number;
  /** What is too large for any message. */
  oversized: T[];
  /** Whether some are left. */
  more: boolean;
}

/** As many as fit into the bytes, in order; the first goes even when it alone is larger, unless no message can hold it. */
export function batch<T>(items: Iterable<T>, bytes: number, most = mostBytes): Batch<T> {
  const result: Batch<T> = { taken: [], bytes: 0, oversized: [], more: false };
  for (const item of items) {
    const size = sizeOf(item) + 1;
    if (size > most) {
      result.oversized.push(item);
      continue;
    }
    if (result.taken.length > 0 && result.bytes + size > bytes) {
      result.more = true;
      break;
    }
    result.taken.push(item);
    result.bytes += size;
  }
  return result;
}

export function sizeOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}
