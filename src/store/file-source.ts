/** A file on its way up: read once from front to back, with everything that wants to see its bytes. */
import { createHash, type Hash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { StoreContext } from './context.ts';
import type { Inspector, StoredFile } from './object-store.ts';

/** A file read once from front to back; every byte passes the hash and the inspector. */
export class FileSource {
  readonly path: string;
  readonly size: number;
  readonly #file: FileHandle;
  readonly #hash: Hash = createHash('sha256');
  readonly #inspect: Inspector | undefined;
  #offset = 0;

  private constructor(file: FileHandle, path: string, size: number, inspect: Inspector | undefined) {
    this.#file = file;
    this.path = path;
    this.size = size;
    this.#inspect = inspect;
  }

  /** Never through a link: a checkpoint's directory belongs to the trainer, what a link leads to may not. */
  static async open(path: string, inspect: Inspector | undefined): Promise<FileSource> {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      return new FileSource(file, path, (await file.stat()).size, inspect);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  get left(): number {
    return this.size - this.#offset;
  }

  /** Fills `target` with the next bytes. */
  async next(target: Buffer): Promise<Buffer> {
    let filled = 0;
    while (filled < target.length) {
      const { bytesRead } = await this.#file.read(target, filled, target.length - filled, this.#offset + filled);
      if (bytesRead === 0)
        throw new Error(`cannot publish ${this.path}: it was cut to ${this.#offset + filled} bytes while being read`);
      filled += bytesRead;
    }
    this.#offset += filled;
    this.#hash.update(target);
    this.#inspect?.update(target);
    return target;
  }

  finish(): StoredFile {
    this.#inspect?.end();
    return { size: this.size, sha256: this.#hash.digest('hex') };
  }

  /** Reads what is left without sending it anywhere. */
  async drain({ pool, partSize }: Pick<StoreContext, 'pool' | 'partSize'>): Promise<StoredFile> {
    const buffer = await pool.acquire(partSize);
    try {
      while (this.left > 0) await this.next(buffer.subarray(0, Math.min(buffer.length, this.left)));
    } finally {
      pool.release(buffer);
    }
    return this.finish();
  }
}
