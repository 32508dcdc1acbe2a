/** Copies images out of buildah's storage into a folder of blobs, each layer once, however many images stand on it. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { constants, createZstdCompress } from 'node:zlib';

export interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
}

export interface Manifest {
  schemaVersion: 2;
  mediaType: string;
  config: Descriptor;
  layers: Descriptor[];
}

const type = 'application/vnd.oci.image';

/** `<folder>/blobs/sha256/<hex>`, as in an OCI layout. */
export function blobPath(folder: string, digest: string): string {
  return join(folder, 'blobs', 'sha256', digest.slice('sha256:'.length));
}

/** Copies the image with this id (the SHA-256 of its configuration) and returns the digest of its manifest. */
export async function exportImage(id: string, storage: string, run: string, folder: string): Promise<string> {
  await mkdir(join(folder, 'blobs', 'sha256'), { recursive: true });
  await mkdir(join(folder, 'layers'), { recursive: true });
  const hex = id.replace('sha256:', '');
  const configName = `=${Buffer.from(`sha256:${hex}`).toString('base64')}`;
  const config = await readFile(join(storage, 'overlay-images', hex, configName));
  const { rootfs } = JSON.parse(config.toString()) as { rootfs: { diff_ids: string[] } };
  const chain = await layersOf(hex, storage);
  const layers: Descriptor[] = [];
  for (const [index, diff] of rootfs.diff_ids.entries()) {
    const layer = chain[index];
    if (layer === undefined) throw new Error(`cannot export image ${id}: ${storage} lacks its layer ${diff}`);
    layers.push(await exportLayer(layer, diff, storage, run, folder));
  }
  const configBlob = await writeBlob(folder, config);
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: `${type}.manifest.v1+json`,
    config: { mediaType: `${type}.config.v1+json`, ...configBlob },
    layers,
  };
  return (await writeBlob(folder, Buffer.from(JSON.stringify(manifest)))).digest;
}

/** The ids that the storage gives an image's layers, lowest first. */
async function layersOf(image: string, storage: string): Promise<string[]> {
  const read = async (path: string) =>
    JSON.parse(await readFile(join(storage, path), 'utf8')) as { id: string; layer?: string; parent?: string }[];
  const images = await read('overlay-images/images.json');
  const parents = new Map((await read('overlay-layers/layers.json')).map(({ id, parent }) => [id, parent]));
  const chain: string[] = [];
  for (let id = images.find((one) => one.id === image)?.layer; id; id = parents.get(id)) chain.unshift(id);
  return chain;
}

/** zstd at its lowest level is several times as fast as gzip, both ways. */
async function exportLayer(layer: string, diff: string, storage: string, run: string, folder: string): Promise<Descriptor> {
  const record = join(folder, 'layers', `${diff.replace(':', '-')}.json`);
  const known = await readFile(record, 'utf8').catch(() => undefined);
  if (known) return JSON.parse(known) as Descriptor;
  const temporary = join(folder, 'layers', `${layer}.tmp`);
  const where = ['--graph', storage, '--run', run, '--storage-driver', 'overlay'];
  const args = ['--mount', '--propagation', 'private', '--', 'containers-storage', ...where, 'diff', '--uncompressed', layer];
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', 'unshare', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-2000);
  });
  const ended = new Promise<number | null>((resolve, reject) => child.once('close', resolve).once('error', reject));
  const hash = createHash('sha256');
  try {
    const compress = createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 1 } });
    await pipeline(
      child.stdout,
      async function* digest(source) {
        for await (const chunk of source) {
          hash.update(chunk as Buffer);
          yield chunk as Buffer;
        }
      },
      compress,
      createWriteStream(temporary),
    );
    const code = await ended;
    const seen = `sha256:${hash.digest('hex')}`;
    if (code !== 0 || seen !== diff)
      throw new Error(`cannot export layer ${layer}: containers-storage ended with ${code}, digest ${seen}. ${said.trim()}`);
    const digest = await digestOfFile(temporary);
    const descriptor = { mediaType: `${type}.layer.v1.tar+zstd`, digest, size: (await stat(temporary)).size };
    await rename(temporary, blobPath(folder, digest));
    await writeFile(record, JSON.stringify(descriptor));
    return descriptor;
  } finally {
    await rm(temporary, { force: true });
  }
}

async function digestOfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return `sha256:${hash.digest('hex')}`;
}

async function writeBlob(folder: string, bytes: Buffer): Promise<{ digest: string; size: number }> {
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  await writeFile(blobPath(folder, digest), bytes);
  return { digest, size: bytes.length };
}
