/** The bucket as its files lie on the disk, read and damaged behind the gateway's back. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { open, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileKey, parseManifestKey } from '../../src/api/keys.ts';
import { decodeManifest, digestOf, type Manifest } from '../../src/api/manifest.ts';
import type { ManifestRef } from '../../src/api/work.ts';

export interface Checkpoint {
  /** Key of its manifest. */
  manifest: string;
  step: number;
  attempt: number;
}

export class Bucket {
  /** Folder with one file for each object. */
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  path(key: string): string {
    return join(this.#folder, key);
  }

  /** Every key that begins with the prefix, which ends with a slash. */
  async keys(prefix: string): Promise<string[]> {
    const entries = await readdir(this.path(prefix), { recursive: true, withFileTypes: true }).catch(() => []);
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(this.#folder.length + 1))
      .toSorted();
  }

  /** What one can resume from below a work's prefix, oldest first. */
  async checkpoints(work: string): Promise<Checkpoint[]> {
    const found: Checkpoint[] = [];
    for (const key of await this.keys(work)) {
      const { step, attempt } = parseManifestKey(work, key) ?? {};
      if (step !== undefined && attempt !== undefined) found.push({ manifest: key, step, attempt });
    }
    return found.toSorted((a, b) => a.attempt - b.attempt || a.step - b.step);
  }

  /** Manifests of finals below a work's prefix. */
  async finals(work: string): Promise<string[]> {
    return (await this.keys(work)).filter((key) => parseManifestKey(work, key)?.final === true);
  }

  /** The manifest, once its digest and every byte of every file that it lists have been checked. */
  async verified({ manifest: key, digest }: ManifestRef): Promise<Manifest> {
    const manifest = decodeManifest(await readFile(this.path(key)), digest);
    for (const { path, size, sha256 } of manifest.files) {
      const bytes = await readFile(this.path(fileKey(key, path)));
      assert.equal(bytes.length, size, `size of ${path} of ${key}`);
      assert.equal(createHash('sha256').update(bytes).digest('hex'), sha256, `SHA-256 of ${path} of ${key}`);
    }
    return manifest;
  }

  async json<T>(key: string): Promise<T> {
    return JSON.parse(await readFile(this.path(key), 'utf8')) as T;
  }

  /** Turns one bit in the middle of an object. */
  async damage(key: string): Promise<void> {
    const file = await open(this.path(key), 'r+');
    try {
      const at = Math.floor((await file.stat()).size / 2);
      const byte = Buffer.alloc(1);
      await file.read(byte, 0, 1, at);
      byte[0] = (byte[0] ?? 0) ^ 1;
      await file.write(byte, 0, 1, at);
    } finally {
      await file.close();
    }
  }

  /** By key: a text that changes when the object is written again, even with the same bytes. */
  async versions(prefix: string): Promise<Map<string, string>> {
    const versions = new Map<string, string>();
    for (const key of await this.keys(prefix)) {
      const { ino, mtimeNs } = await stat(this.path(key), { bigint: true });
      versions.set(key, `${ino} ${mtimeNs} ${digestOf(await readFile(this.path(key)))}`);
    }
    return versions;
  }
}
