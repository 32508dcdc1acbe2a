/** A bucket in memory with the create-only semantics of the real one and hooks for faults; for simulations and unit tests. */
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DamagedObjectError, PreconditionFailedError } from '../../src/store/errors.ts';
import type { ListedObject, ObjectStore, PutFileOptions, PutOptions, StoredFile } from '../../src/store/object-store.ts';

export type StoreOperation = 'put' | 'putFile' | 'get' | 'getFile' | 'verifyFile' | 'head' | 'list' | 'delete';

/** `before` runs ahead of the operation, `after` once it took effect but before the caller hears of it; both fail it by throwing. */
export interface StoreFaults {
  before?(operation: StoreOperation, key: string): void;
  after?(operation: StoreOperation, key: string): void;
}

export class MemoryStore implements ObjectStore {
  readonly name: string;
  readonly bucket: string;
  /** The bucket itself: tests look into it, and damage it. */
  readonly objects = new Map<string, Uint8Array>();
  /** Every successful write of a key, in order: no key may be in it twice. */
  readonly writes: string[] = [];
  readonly deletes: string[] = [];
  faults: StoreFaults = {};

  constructor(name = 'default', bucket = 'atoll') {
    this.name = name;
    this.bucket = bucket;
  }

  async put(key: string, body: Uint8Array | string, options: PutOptions = {}): Promise<void> {
    await this.#run('put', key, () => {
      if (options.ifNoneMatch === '*' && this.objects.has(key)) throw new PreconditionFailedError(key);
      this.#write(key, typeof body === 'string' ? new TextEncoder().encode(body) : Uint8Array.from(body));
    });
  }

  async putFile(key: string, path: string, options: PutFileOptions = {}): Promise<StoredFile> {
    const body = new Uint8Array(await readFile(path));
    const sha256 = hex(body);
    options.inspect?.update(body);
    options.inspect?.end();
    await this.#run('putFile', key, () => {
      const existing = this.objects.get(key);
      if (existing !== undefined && hex(existing) !== sha256) throw new PreconditionFailedError(key);
      if (existing === undefined) this.#write(key, body);
    });
    return { size: body.length, sha256 };
  }

  async get(key: string, options: { maxBytes: number }): Promise<Uint8Array | undefined> {
    return this.#run('get', key, () => {
      const body = this.objects.get(key);
      if (body !== undefined && body.length > options.maxBytes) {
        throw new DamagedObjectError(key, `it has ${body.length} bytes, at most ${options.maxBytes} are allowed`);
      }
      return body === undefined ? undefined : Uint8Array.from(body);
    });
  }

  async getFile(key: string, path: string, options: { size: number; sha256?: string }): Promise<StoredFile> {
    const body = await this.#verified('getFile', key, options);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, body);
    return { size: body.length, sha256: hex(body) };
  }

  async verifyFile(key: string, options: StoredFile): Promise<void> {
    await this.#verified('verifyFile', key, options);
  }

  async head(key: string): Promise<{ size: number } | undefined> {
    return this.#run('head', key, () => {
      const body = this.objects.get(key);
      return body === undefined ? undefined : { size: body.length };
    });
  }

  async *list(prefix: string): AsyncIterable<ListedObject> {
    const keys = await this.#run('list', prefix, () =>
      [...this.objects.keys()].filter((key) => key.startsWith(prefix)).toSorted(),
    );
    for (const key of keys) {
      const body = this.objects.get(key);
      if (body !== undefined) yield { key, size: body.length };
    }
  }

  async delete(key: string): Promise<void> {
    await this.#run('delete', key, () => {
      if (this.objects.delete(key)) this.deletes.push(key);
    });
  }

  async #verified(operation: StoreOperation, key: string, expected: { size: number; sha256?: string }): Promise<Uint8Array> {
    const body = await this.#run(operation, key, () => this.objects.get(key));
    if (body === undefined) throw new DamagedObjectError(key, 'it does not exist');
    if (body.length !== expected.size)
      throw new DamagedObjectError(key, `it has ${body.length} bytes, expected ${expected.size}`);
    const sha256 = hex(body);
    if (expected.sha256 !== undefined && sha256 !== expected.sha256) {
      throw new DamagedObjectError(key, `its SHA-256 is ${sha256}, expected ${expected.sha256}`);
    }
    return body;
  }

  #write(key: string, body: Uint8Array): void {
    this.objects.set(key, body);
    this.writes.push(key);
  }

  async #run<T>(operation: StoreOperation, key: string, effect: () => T): Promise<T> {
    this.faults.before?.(operation, key);
    const result = effect();
    this.faults.after?.(operation, key);
    return result;
  }
}

function hex(body: Uint8Array): string {
  return createHash('sha256').update(body).digest('hex');
}
