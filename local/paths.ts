/** Where files are kept: the cache shared by every checkout of one user, the checkout itself, and its `.atoll` folder. */
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of this checkout. */
export const checkout: string = dirname(dirname(fileURLToPath(import.meta.url)));

/** `$ATOLL_CACHE`, else `$XDG_CACHE_HOME/atoll`, else `~/.cache/atoll`. */
export function cacheDir(): string {
  if (process.env['ATOLL_CACHE']) return process.env['ATOLL_CACHE'];
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'atoll');
}

/** Logs and credentials of the clusters that `npm run local -- up` started from this checkout. */
export const stateDir: string = join(checkout, '.atoll');
