/** Bringing published manifests to this machine: every byte verified, an interrupted download gone on with, progress shown. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { displayDuration } from '../api/duration.ts';
import { fileKey } from '../api/keys.ts';
import type { ManifestFile } from '../api/manifest.ts';
import { sizeText } from '../hub/partition.ts';
import type { FoundManifest } from '../store/manifests.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { inParallel } from '../store/parallel.ts';
import { createScreen } from './screen.ts';
import { count } from './table.ts';
import type { Call } from './verb.ts';

/** A manifest that was read and verified, and the folder for its files. */
export interface Part {
  title: string;
  manifest: FoundManifest;
  folder: string;
}

const parallel = 4;
const drawMs = 250;

/** Downloads the files of all parts; of each part its manifest comes last, as `manifest.json`. Throws `DamagedObjectError`. */
export async function download(call: Call, store: ObjectStore, parts: readonly Part[]): Promise<void> {
  const total = parts.reduce((sum, part) => sum + sizeOf(part), 0);
  const meter = createMeter(call, total);
  try {
    for (const part of parts) {
      const kept = await downloadPart(call, store, part, meter.add);
      const files = part.manifest.content.files.length;
      meter.say(
        `${part.title}: ${count(files, 'file')}, ${sizeText(sizeOf(part))}, verified${kept === files ? ', was here' : ''}`,
      );
    }
  } finally {
    meter.end();
  }
}

const sizeOf = ({ manifest }: Part) => manifest.content.files.reduce((sum, { size }) => sum + size, 0);

/** How many of the files were here already. */
async function downloadPart(call: Call, store: ObjectStore, part: Part, onBytes: (bytes: number) => void): Promise<number> {
  const { manifest, folder } = part;
  const { signal } = call;
  await mkdir(folder, { recursive: true });
  const kept = await inParallel(manifest.content.files, parallel, async (file) => {
    signal.throwIfAborted();
    const path = join(folder, file.path);
    if (await isHere(path, file)) {
      onBytes(file.size);
      return true;
    }
    const { size, sha256 } = file;
    await store.getFile(fileKey(manifest.manifest, file.path), path, { size, sha256, signal, resume: true, onBytes });
    return false;
  });
  await writeFile(join(folder, 'manifest.json.partial'), manifest.bytes);
  await rename(join(folder, 'manifest.json.partial'), join(folder, 'manifest.json'));
  return kept.filter(Boolean).length;
}

/** A file of an earlier call counts when its bytes are those of the manifest. */
async function isHere(path: string, { size, sha256 }: ManifestFile): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (found?.size !== size) return false;
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex') === sha256;
}

/** A line drawn in place on a terminal; elsewhere only what is said. */
function createMeter(call: Call, total: number) {
  const { io, clock } = call;
  const screen = createScreen(io);
  const began = clock.now();
  let done = 0;
  let drawnAt = Number.NEGATIVE_INFINITY;
  const draw = () => {
    drawnAt = clock.now();
    screen?.draw([meterLine(done, total, clock.now() - began).slice(0, screen.columns() - 1)]);
  };
  return {
    add: (bytes: number): void => {
      done += bytes;
      if (screen && clock.now() - drawnAt >= drawMs) draw();
    },
    say: (text: string): void => {
      screen?.erase();
      io.out(`${text}\n`);
    },
    end: (): void => {
      screen?.erase();
      screen?.leave();
    },
  };
}

const barWidth = 24;

/** `[######------]  45%  1.2 GiB of 2.7 GiB  120 MiB/s  12s left`. Pure. */
export function meterLine(done: number, total: number, ms: number): string {
  const share = total === 0 ? 1 : Math.min(1, done / total);
  const filled = Math.round(share * barWidth);
  const speed = ms > 0 ? (done / ms) * 1000 : 0;
  const left = speed > 0 && share < 1 ? `  ${displayDuration(((total - done) / speed) * 1000)} left` : '';
  const bar = `[${'#'.repeat(filled)}${'-'.repeat(barWidth - filled)}]`;
  return `${bar} ${String(Math.floor(share * 100)).padStart(3)}%  ${sizeText(done)} of ${sizeText(total)}  ${sizeText(speed)}/s${left}`;
}
