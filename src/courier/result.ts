/** The result a courier leaves in its termination message, where it outlives even SIGKILL. */
import { constants, open } from 'node:fs/promises';
import type { CourierResult } from '../api/courier.ts';
import { cut } from '../api/fields.ts';
import type { CourierContext } from './context.ts';

const MAX_BYTES = 1024;
export const MAX_MESSAGE = 300;

type Omittable = 'skipped' | 'key' | 'message' | 'resumedFrom' | 'checkpoint';

/** JSON of at most 1 KiB; what is least needed to go on is left out first. A final is never left out. */
export function encodeResult(result: CourierResult): string {
  const short: CourierResult = { ...result };
  if (short.message !== undefined) short.message = cut(short.message, MAX_MESSAGE);
  if (short.skipped !== undefined) short.skipped = short.skipped.slice(0, 3);
  const order: Omittable[] = ['skipped', 'resumedFrom', 'key'];
  if (short.final !== undefined) order.push('checkpoint');
  let text = JSON.stringify(short);
  if (Buffer.byteLength(text) > MAX_BYTES && short.message !== undefined) {
    short.message = cut(short.message, 100);
    text = JSON.stringify(short);
  }
  for (const member of [...order, 'message'] as const) {
    if (Buffer.byteLength(text) <= MAX_BYTES) break;
    delete short[member];
    text = JSON.stringify(short);
  }
  return text;
}

/** A result that cannot be written must not stop what it tells about: it is logged instead. */
export async function writeResult({ paths, log }: Pick<CourierContext, 'paths' | 'log'>, result: CourierResult): Promise<void> {
  const text = encodeResult(result);
  try {
    await overwrite(paths.termination, text);
  } catch (error) {
    log.warn({ path: paths.termination, why: (error as Error).message, result: text }, 'cannot write the termination message');
  }
}

/**
 * Replaces the content in one write, so that whoever reads in between, or a SIGKILL, finds the old or the new and never an empty file:
 * what is left of a longer old content is blanked by the same write. The kubelet's file is a mount, so it cannot be renamed into place.
 */
async function overwrite(path: string, text: string): Promise<void> {
  const file = await open(path, constants.O_RDWR | constants.O_CREAT, 0o644);
  try {
    const bytes = Buffer.from(text);
    const { size } = await file.stat();
    const whole = Buffer.alloc(Math.max(size, bytes.length), ' ');
    bytes.copy(whole);
    await file.write(whole, 0, whole.length, 0);
    await file.truncate(bytes.length);
  } finally {
    await file.close();
  }
}
