/** The object store against a real versitygw. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { DamagedObjectError, PreconditionFailedError, StoreRefusedError, StoreUnavailableError } from '../../src/store/errors.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { flipBit, type Gateway, gatewayMissing, startGateway } from './gateway.ts';

const MIB = 1024 * 1024;

describe('object store on versitygw', { skip: gatewayMissing }, () => {
  let gateway: Gateway;
  let store: ObjectStore;
  let folder: string;
  before(async () => {
    gateway = await startGateway();
    store = gateway.store();
    folder = await mkdtemp(join(tmpdir(), 'atoll-store-'));
  });
  after(async () => {
    await gateway.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function file(name: string, size: number): Promise<{ path: string; sha256: string }> {
    const body = randomBytes(size);
    await writeFile(join(folder, name), body);
    return { path: join(folder, name), sha256: createHash('sha256').update(body).digest('hex') };
  }

  test('a small object is written once, read back, listed and deleted', async () => {
    await store.put('small/a.json', '{"a":1}', { ifNoneMatch: '*', contentType: 'application/json' });
    await assert.rejects(store.put('small/a.json', '{"a":2}', { ifNoneMatch: '*' }), PreconditionFailedError);
    assert.equal(new TextDecoder().decode(await store.get('small/a.json', { maxBytes: 100 })), '{"a":1}');
    assert.deepEqual(await store.head('small/a.json'), { size: 7 });
    const listed: string[] = [];
    for await (const { key, size } of store.list('small/')) listed.push(`${key} ${size}`);
    assert.deepEqual(listed, ['small/a.json 7']);
    await store.delete('small/a.json');
    await store.delete('small/a.json');
    assert.equal(await store.get('small/a.json', { maxBytes: 100 }), undefined);
    assert.equal(await store.head('small/a.json'), undefined);
  });

  test('an object larger than the reader allows is refused by name', async () => {
    await store.put('big.json', 'x'.repeat(1000));
    await assert.rejects(store.get('big.json', { maxBytes: 999 }), /cannot use big.json: it has 1000 bytes, at most 999/);
  });

  for (const size of [0, 1, 8 * MIB, 8 * MIB + 1, 41 * MIB + 17]) {
    test(`a file of ${size} bytes goes up and comes back with the same SHA-256`, async () => {
      const { path, sha256 } = await file(`f${size}`, size);
      assert.deepEqual(await store.putFile(`files/f${size}`, path), { size, sha256 });
      const copy = join(folder, `copy/f${size}`);
      await store.getFile(`files/f${size}`, copy, { size, sha256 });
      assert.equal(
        createHash('sha256')
          .update(await readFile(copy))
          .digest('hex'),
        sha256,
      );
      assert.deepEqual(await store.putFile(`files/f${size}`, path), { size, sha256 }, 'the same bytes again count as success');
    });
  }

  for (const size of [1000, 9 * MIB]) {
    test(`a file of ${size} bytes never replaces another under its key`, async () => {
      const first = await file('first', size);
      const second = await file('second', size);
      await store.putFile(`once/${size}`, first.path);
      await assert.rejects(store.putFile(`once/${size}`, second.path), PreconditionFailedError);
      await store.getFile(`once/${size}`, join(folder, 'again'), { size, sha256: first.sha256 });
    });

    test(`one damaged bit in an object of ${size} bytes is refused by name and leaves no file`, async () => {
      const { path, sha256 } = await file('good', size);
      await store.putFile(`damaged/${size}`, path);
      await flipBit(join(gateway.folder, `damaged/${size}`), size >> 1);
      const copy = join(folder, `damaged-${size}`);
      const error = await store.getFile(`damaged/${size}`, copy, { size, sha256 }).catch((caught: unknown) => caught);
      assert.ok(error instanceof DamagedObjectError);
      assert.equal(error.key, `damaged/${size}`);
      assert.deepEqual(
        (await readdir(folder)).filter((name) => name.startsWith('damaged-')),
        [],
      );
    });
  }

  test('a missing object and one of another size are damaged, not unavailable', async () => {
    const { path, sha256 } = await file('sized', 20 * MIB);
    await store.putFile('sized', path);
    const copy = join(folder, 'sized-copy');
    await assert.rejects(store.getFile('missing', copy, { size: 5, sha256 }), /cannot use missing: it does not exist/);
    await assert.rejects(store.getFile('missing', copy, { size: 0, sha256 }), /cannot use missing: it does not exist/);
    await assert.rejects(store.getFile('sized', copy, { size: 20 * MIB - 1, sha256 }), DamagedObjectError);
    await assert.rejects(store.getFile('sized', copy, { size: 99 * MIB, sha256 }), DamagedObjectError);
  });

  test('an inspector that objects keeps the object from appearing', async () => {
    const { path } = await file('inspected', 20 * MIB);
    let seen = 0;
    const inspect = {
      update: (chunk: Uint8Array) => void (seen += chunk.length),
      end: () => {
        throw new Error('not good');
      },
    };
    await assert.rejects(store.putFile('inspected', path, { inspect }), /not good/);
    assert.equal(seen, 20 * MIB);
    assert.equal(await store.head('inspected'), undefined);
  });

  test('a store that is away and one that refuses are told apart', async () => {
    const away = gateway.store({ endpoint: 'http://127.0.0.1:1', maxAttempts: 1 });
    await assert.rejects(away.head('a'), StoreUnavailableError);
    await assert.rejects(away.putFile('a', (await file('away', 9 * MIB)).path), StoreUnavailableError);
    const { createObjectStore } = await import('../../src/store/client.ts');
    const stranger = createObjectStore(gateway.config, { accessKeyId: 'nobody', secretAccessKey: 'nothing' });
    await assert.rejects(stranger.put('a', 'b'), StoreRefusedError);
  });

  test('a 404 that names a stranger or a missing bucket is a refusal, not a lost object', async () => {
    await store.put('there', 'x');
    const { createObjectStore } = await import('../../src/store/client.ts');
    const stranger = createObjectStore(gateway.config, { accessKeyId: 'nobody', secretAccessKey: 'nothing' });
    const wanted = { size: 1, sha256: createHash('sha256').update('x').digest('hex') };
    const nowhere = createObjectStore({ ...gateway.config, bucket: 'nowhere' }, gateway.credentials);
    for (const one of [stranger, nowhere]) {
      await assert.rejects(one.get('there', { maxBytes: 10 }), StoreRefusedError);
      await assert.rejects(one.head('there'), StoreRefusedError);
      await assert.rejects(one.verifyFile('there', wanted), StoreRefusedError);
    }
  });

  test('sixteen files at once share one budget of memory and all arrive', async () => {
    const files = await Promise.all(Array.from({ length: 16 }, (_, index) => file(`many-${index}`, 9 * MIB + index)));
    await Promise.all(files.map(({ path }, index) => store.putFile(`many/${index}`, path)));
    await Promise.all(
      files.map(({ sha256 }, index) =>
        store.getFile(`many/${index}`, join(folder, `many-back-${index}`), { size: 9 * MIB + index, sha256 }),
      ),
    );
  });
});
