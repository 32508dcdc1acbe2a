/** Brings images from the cache into the containerd of a machine, sending only the blobs that it lacks. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommandError, command } from './command.ts';
import { blobPath, type Manifest } from './export.ts';
import { type Image, imageBlobs } from './images.ts';
import type { Machine } from './machine.ts';

/** Imports the images that containerd does not hold in this very version, unpacks them, and drops what they replace. */
export async function importImages(machine: Machine, images: readonly Image[], signal?: AbortSignal): Promise<void> {
  const held = await heldImages(machine);
  const lacking = images.filter((image) => held.get(image.reference) !== image.digest);
  if (lacking.length === 0) return;
  for (const image of lacking) await importImage(machine, image, signal);
  // The kubelet's side of containerd names each image by its id too, which would hold replaced ones for ever.
  const now = await heldImages(machine);
  const named = new Set([...now].filter(([reference]) => !reference.startsWith('sha256:')).map(([, digest]) => digest));
  const stale = [...now].filter(([, digest]) => !named.has(digest)).map(([reference]) => reference);
  if (stale.length > 0) await machine.run('ctr', ['-n', 'k8s.io', 'images', 'rm', ...stale]);
}

/** Digests of the manifests that containerd holds, by the names it holds them under. */
async function heldImages(machine: Machine): Promise<Map<string, string>> {
  const held = new Map<string, string>();
  for (const line of (await machine.run('ctr', ['-n', 'k8s.io', 'images', 'ls'])).stdout.split('\n').slice(1)) {
    const [reference, , digest] = line.split(/\s+/);
    if (reference && digest) held.set(reference, digest);
  }
  return held;
}

async function importImage(machine: Machine, image: Image, signal?: AbortSignal): Promise<void> {
  const bytes = await readFile(blobPath(imageBlobs(), image.digest));
  const manifest = JSON.parse(bytes.toString()) as Manifest;
  const annotations = { 'io.containerd.image.name': image.reference };
  const index = {
    schemaVersion: 2,
    manifests: [{ mediaType: manifest.mediaType, digest: image.digest, size: bytes.length, annotations }],
  };
  const present = new Set((await machine.run('ctr', ['-n', 'k8s.io', 'content', 'ls', '-q'])).stdout.split('\n'));
  const blobs = [image.digest, manifest.config.digest, ...manifest.layers.map((layer) => layer.digest)];
  const missing = [...new Set(blobs)].filter((digest) => !present.has(digest)).map((digest) => `blobs/sha256/${digest.slice(7)}`);
  const folder = await mkdtemp(join(tmpdir(), 'atoll-import-'));
  try {
    await writeFile(join(folder, 'index.json'), JSON.stringify(index));
    await writeFile(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
    // The shell runs on the host and only the reader inside the machine, so that paths mean the same as here.
    const script =
      'blobs=$1; folder=$2; enter=$3; shift 3; tar -c -C "$folder" oci-layout index.json -C "$blobs" "$@" | $enter ctr -n k8s.io images import -';
    const args = ['-c', script, 'sh', imageBlobs(), folder, machine.enter.join(' '), ...missing];
    const run = () => command('sh', args, signal ? { signal } : {});
    // Under an image of the same name that is replaced, containerd may collect a layer while the next one is put on top of it.
    await run().catch(async (error: unknown) => {
      if (error instanceof CommandError && error.stderr.includes('parent snapshot')) return run();
      throw error;
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
