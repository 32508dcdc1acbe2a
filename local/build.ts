/** Bundles the operator into one file, `dist/atoll.mjs`, that runs on Node alone. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { checkout } from './paths.ts';

/** Packages written as CommonJS call `require` for Node's own modules, which a module file does not have. */
const banner =
  "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);";

export const bundlePath: string = join(checkout, 'dist/atoll.mjs');

/** Writes the bundle and its source map; returns the bundle's size in bytes. */
export async function bundle(): Promise<number> {
  const result = await build({
    entryPoints: [join(checkout, 'src/main.ts')],
    outfile: bundlePath,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    sourcemap: 'external',
    sourcesContent: false,
    legalComments: 'none',
    metafile: true,
    banner: { js: banner },
    logLevel: 'error',
  });
  await writeFile(join(checkout, 'dist/package.json'), '{"type":"module"}\n');
  const output = Object.entries(result.metafile.outputs).find(([path]) => path.endsWith('.mjs'));
  return output?.[1].bytes ?? 0;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const bytes = await bundle();
  console.log(`dist/atoll.mjs: ${(bytes / 1024 / 1024).toFixed(1)} MiB`);
}
