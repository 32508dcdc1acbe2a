/** Store credentials from a mounted Secret: one file a key, read again each time, so that a rotated Secret is picked up. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StoreUnavailableError } from './errors.ts';
import type { Credentials } from './object-store.ts';

/**
 * Reads AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, where there is one, AWS_SESSION_TOKEN from `folder`. Throws
 * `StoreUnavailableError` while one is missing: a Secret may be mounted later.
 */
export async function readCredentials(folder: string): Promise<Credentials> {
  const read = async (key: string) => (await readFile(join(folder, key), 'utf8')).trim();
  try {
    const [accessKeyId, secretAccessKey] = await Promise.all([read('AWS_ACCESS_KEY_ID'), read('AWS_SECRET_ACCESS_KEY')]);
    const sessionToken = await read('AWS_SESSION_TOKEN').catch(() => undefined);
    return { accessKeyId, secretAccessKey, sessionToken };
  } catch (cause) {
    throw new StoreUnavailableError(
      'read the credentials in',
      folder,
      'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY must be there',
      { cause },
    );
  }
}
