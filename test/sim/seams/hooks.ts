/** Module hooks of the simulation: product code gets a disk and a courier's server of memory, and edits that plant a bug, without a line of it changed. */
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { applyEdits, type Edit, readEdits } from './edits.ts';

const disk = new URL('../pod/disk.ts', import.meta.url).href;
const server = new URL('../pod/courier-server.ts', import.meta.url).href;

/** Whose files lie on the disk of a simulated pod. */
const onDisk = /\/(?:src\/(?:store|courier)|test\/store)\/[^/]+\.ts$/;

const edits = readEdits();

export interface Seams {
  /** Files whose text was changed so far. */
  readonly edited: ReadonlySet<string>;
}

function editsOf(path: string): readonly Edit[] {
  return edits.filter(({ file }) => path.endsWith(`/${file}`));
}

const edited = new Set<string>();

/** Must be called before any product code is imported; `disk: false` plants the edits only, for tests that use real files. */
export function installSeams(how: { disk: boolean }): Seams {
  registerHooks({
    resolve(specifier, context, next) {
      const from = context.parentURL ?? '';
      if (how.disk && specifier === 'node:fs/promises' && onDisk.test(from)) return next(disk, context);
      if (how.disk && specifier === './server.ts' && from.endsWith('/src/courier/publish.ts')) return next(server, context);
      return next(specifier, context);
    },
    load(url, context, next) {
      const path = url.startsWith('file:') ? fileURLToPath(url) : '';
      const mine = edits.length === 0 ? [] : editsOf(path);
      if (mine.length === 0) return next(url, context);
      edited.add(path);
      return { format: 'module-typescript', source: applyEdits(readFileSync(path, 'utf8'), mine), shortCircuit: true };
    },
  });
  return { edited };
}
