/** Images: built once, exported blob by blob, each blob what its name says. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { describe, it } from 'node:test';
import { blobPath, type Manifest } from '../../local/export.ts';
import { buildImages, imageBlobs } from '../../local/images.ts';
import { createProgress, type Progress } from '../../local/progress.ts';
import { missingRequirements } from '../../local/requirements.ts';

const missing = await missingRequirements();

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return `sha256:${hash.digest('hex')}`;
}

describe('images', { skip: missing.join(' ') || false }, () => {
  it('are built once and then taken from the cache', async () => {
    const first = await buildImages(['base', 'pause'], { progress: createProgress() });
    const started: string[] = [];
    const watching: Progress = {
      say: () => {},
      start: (text) => {
        started.push(text);
        return { detail() {}, done() {}, failed() {} };
      },
    };
    const second = await buildImages(['base', 'pause'], { progress: watching });
    assert.deepEqual([second, started], [first, []]);
  });

  it('consist of blobs that hash to their names, and share the layers that they have in common', async () => {
    const manifests: Manifest[] = [];
    for (const { digest } of await buildImages(['base', 'pause'])) {
      const path = blobPath(imageBlobs(), digest);
      assert.equal(await sha256(path), digest);
      manifests.push(JSON.parse(await readFile(path, 'utf8')) as Manifest);
    }
    const [base, pause] = manifests;
    for (const { digest } of manifests.flatMap(({ config, layers }) => [config, ...layers])) {
      assert.equal(await sha256(blobPath(imageBlobs(), digest)), digest);
    }
    assert.equal(base?.layers.length, 1);
    assert.equal(pause?.layers[0]?.digest, base.layers[0]?.digest);
  });
});
