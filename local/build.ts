/** Bundles the operator into one file, `dist/atoll.mjs`, that runs on Node alone, and the dashboard's page into `dist/ui`. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { type BuildOptions, build } from 'esbuild';
import { checkout } from './paths.ts';

/** Packages written as CommonJS call `require` for Node's own modules, which a module file does not have. */
const banner =
  "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);";

export const bundlePath: string = join(checkout, 'dist/atoll.mjs');
/** The folder of the page: `index.html`, `main.js`, `main.css`, and `licences.txt` of the packages that are in them. */
export const pagePath: string = join(checkout, 'dist/ui');

/** Writes the bundle, its source map and the page; returns the sizes that people ask for, in bytes. */
export async function bundle(): Promise<{ program: number; page: number }> {
  const [{ outputs }, page] = await Promise.all([
    compile({
      entryPoints: [join(checkout, 'src/main.ts')],
      outfile: bundlePath,
      platform: 'node',
      target: 'node24',
      sourcemap: 'external',
      sourcesContent: false,
      legalComments: 'none',
      banner: { js: banner },
    }),
    bundlePage(),
  ]);
  await replace(join(checkout, 'dist/package.json'), '{"type":"module"}\n');
  return { program: outputs.get(relative(checkout, bundlePath))?.length ?? 0, page };
}

/** Writes the page; returns the size of what a browser loads of it, script and style, after gzip, in bytes. */
export async function bundlePage(): Promise<number> {
  const { outputs, inputs } = await compile({
    entryPoints: { main: join(checkout, 'src/dashboard/ui/main.tsx'), index: join(checkout, 'src/dashboard/ui/index.html') },
    outdir: pagePath,
    platform: 'browser',
    target: 'es2022',
    minify: true,
    charset: 'utf8',
    legalComments: 'none',
    loader: { '.html': 'copy' },
  });
  await replace(join(pagePath, 'licences.txt'), await licencesOf(inputs));
  const loaded = [...outputs].filter(([path]) => path.endsWith('.js') || path.endsWith('.css'));
  return loaded.reduce((sum, [, bytes]) => sum + gzipSync(bytes, { level: 9 }).length, 0);
}

/** The licences of the packages that these files belong to. */
async function licencesOf(files: readonly string[]): Promise<string> {
  const packages = new Set(files.flatMap((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+\//.exec(file)?.[0] ?? []));
  const texts = await Promise.all(
    [...packages].toSorted().map(async (folder) => {
      const name = folder.slice(folder.indexOf('node_modules/') + 'node_modules/'.length, -1);
      return `${name}\n\n${await readFile(join(checkout, folder, 'LICENSE'), 'utf8')}`;
    }),
  );
  return texts.join('\n\n');
}

/** Runs esbuild and puts its files in place whole: whoever reads one meanwhile sees the old or the new. Returns them, and what they are made of. */
async function compile(options: BuildOptions): Promise<{ outputs: Map<string, Uint8Array>; inputs: string[] }> {
  const fixed = {
    bundle: true,
    format: 'esm',
    write: false,
    metafile: true,
    logLevel: 'error',
    absWorkingDir: checkout,
  } as const;
  const { outputFiles, metafile } = await build({ ...options, ...fixed });
  for (const file of outputFiles) await replace(file.path, file.contents);
  return {
    outputs: new Map(outputFiles.map((file) => [relative(checkout, file.path), file.contents])),
    inputs: Object.keys(metafile.inputs),
  };
}

let written = 0;

/** Writes a file under a name of this process alone and renames it into place. */
async function replace(path: string, content: Uint8Array | string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const scratch = `${path}.${process.pid}-${(written += 1)}`;
  await writeFile(scratch, content);
  await rename(scratch, path);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { program, page } = await bundle();
  console.log(`dist/atoll.mjs: ${(program / 1024 / 1024).toFixed(1)} MiB`);
  console.log(`dist/ui: ${(page / 1024).toFixed(0)} KiB of script and style after gzip`);
}
