/** Brings images from the cache into the containerd of a machine, sending only the blobs that it lacks. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { command } from './command.ts';
import { blobPath, type Manifest } from './export.ts';
import { type Image, imageBlobs } from './images.ts';
import type { Machine } from './machine.ts';

/** Imports the images that containerd does not hold in this very version, and unpacks them. */
export async function importImages(machine: Machine, images: readonly Image[], signal?: AbortSignal): Promise<void> {
  const held = new Map<string, string>();
  for (const line of (await machine.run('ctr', ['-n', 'k8s.io', 'images', 'ls'])).stdout.split('\n').slice(1)) {
    const [reference, , digest] = line.split(/\s+/);
    if (reference && digest) held.set(reference, digest);
  }
  for (const image of images) if (held.get(image.reference) !== image.digest) await importImage(machine, image, signal);
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
    await command(
      'sh',
      ['-c', script, 'sh', imageBlobs(), folder, machine.enter.join(' '), ...missing],
      signal ? { signal } : {},
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
