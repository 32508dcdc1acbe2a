/** Removes what the cache holds, to get the room back or to start anew. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { withLock } from './lock.ts';
import { cacheDir } from './paths.ts';

/** Removes images and the stores of machines that do not run now, and the compiled programs too if asked; returns the folders removed. */
export async function clean(programs: boolean): Promise<string[]> {
  const removed: string[] = [];
  const remove = async (path: string) => {
    await rm(path, { recursive: true, force: true });
    removed.push(path);
  };
  const running = await readdir('/sys/class/net').catch((): string[] => []);
  const nodes = join(cacheDir(), 'nodes');
  for (const wire of await readdir(nodes).catch(() => [])) if (!running.includes(wire)) await remove(join(nodes, wire));
  for (const folder of programs ? ['images', 'bin'] : ['images']) {
    const path = join(cacheDir(), folder);
    await withLock(join(path, 'build.lock'), async () => {
      for (const entry of await readdir(path)) if (entry !== 'build.lock') await remove(join(path, entry));
    });
  }
  return removed;
}
