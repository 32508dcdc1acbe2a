/** Writes whose outcome is unknown, cut downloads, racing writers and lying answers, through a proxy before a real versitygw. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { systemRandom } from '../../src/clock.ts';
import { claimAttempt } from '../../src/store/claim.ts';
import { AttemptTakenError, PreconditionFailedError, StoreRefusedError, StoreUnavailableError } from '../../src/store/errors.ts';
import { readManifest, verifyFiles } from '../../src/store/manifests.ts';
import { type ProbedStore, probe } from '../../src/store/probe.ts';
import { publishCheckpoint } from '../../src/store/publish.ts';
import { courierConfigOf, PREFIX } from '../courier/pod.ts';
import { type Gateway, gatewayMissing, startGateway } from './gateway.ts';
import { MemoryStore } from './memory-store.ts';
import { FaultProxy, type Seen } from './proxy.ts';

const MIB = 1024 * 1024;
const completes = ({ method, url }: Seen) => method === 'POST' && url.includes('uploadId=');
const puts = (key: string) => (request: Seen) => request.method === 'PUT' && request.url.split('?')[0] === `/atoll/${key}`;
const gets = ({ method }: Seen) => method === 'GET';

describe('faults between the client and the store', { skip: gatewayMissing }, () => {
  let gateway: Gateway;
  let proxy: FaultProxy;
  let store: ProbedStore;
  let folder: string;
  before(async () => {
    gateway = await startGateway();
    folder = await mkdtemp(join(tmpdir(), 'atoll-faults-'));
  });
  beforeEach(async (context) => {
    const started = await FaultProxy.start(gateway);
    proxy = started;
    store = gateway.store({ endpoint: proxy.endpoint });
    if ('after' in context) context.after(() => started.stop());
  });
  after(async () => {
    await gateway.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function file(name: string, size: number) {
    const body = randomBytes(size);
    const path = join(folder, name);
    await writeFile(path, body);
    return { path, size, sha256: createHash('sha256').update(body).digest('hex') };
  }

  test('a create-only write whose reply is lost counts once, for claim and manifest alike', async () => {
    const mine = { podUid: 'pod-1', pod: 'a', node: 'n', at: 'now' };
    proxy.once(puts('claims/1'), 'lose');
    await claimAttempt(store, 'claims/1', mine);
    await claimAttempt(store, 'claims/1', mine);
    await assert.rejects(claimAttempt(store, 'claims/1', { ...mine, podUid: 'pod-2' }), AttemptTakenError);
  });

  for (const size of [5000, 20 * MIB]) {
    test(`a file of ${size} bytes whose last reply is lost is recognised by its bytes`, async () => {
      const { path, ...stored } = await file(`lost-${size}`, size);
      proxy.once(size < MIB ? puts(`lost/${size}`) : completes, 'lose');
      assert.deepEqual(await store.putFile(`lost/${size}`, path), stored);
      await store.verifyFile(`lost/${size}`, stored);
    });
  }

  test('parts whose connection breaks are sent again', async () => {
    const { path, ...stored } = await file('parts', 30 * MIB);
    let broken = 0;
    proxy.decide = ({ url }) =>
      url.includes('partNumber=2') && (broken += 1) <= 2 ? (broken === 1 ? 'reject' : 'lose') : 'pass';
    assert.deepEqual(await store.putFile('parts', path), stored);
    await store.verifyFile('parts', stored);
    assert.equal(
      proxy.count(({ url }) => url.includes('partNumber=2')),
      3,
    );
  });

  test('an error inside a 200 of CompleteMultipartUpload is an error, and the upload is aborted', async () => {
    const { path } = await file('lie', 9 * MIB);
    const body =
      '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>InternalError</Code><Message>We are sorry.</Message></Error>';
    proxy.decide = (request) => (completes(request) ? { status: 200, body, forward: false } : 'pass');
    await assert.rejects(store.putFile('lie', path), StoreUnavailableError);
    assert.equal(await store.head('lie'), undefined);
    assert.equal(
      proxy.count(({ method, url }) => method === 'DELETE' && url.includes('uploadId=')),
      1,
    );
  });

  test('a 409 starts the upload again', async () => {
    const { path, ...stored } = await file('conflict', 9 * MIB);
    const body = '<Error><Code>ConditionalRequestConflict</Code><Message>race</Message></Error>';
    proxy.once(completes, { status: 409, body, forward: false });
    assert.deepEqual(await store.putFile('conflict', path), stored);
    assert.equal(
      proxy.count(({ url }) => url.endsWith('?uploads') || url.includes('?uploads=')),
      2,
    );
  });

  test('a download that is cut in the middle is taken up again, and one that is always cut is unavailable, not damaged', async () => {
    const { path, ...stored } = await file('cut', 20 * MIB);
    await store.putFile('cut', path);
    proxy.once(gets, 'cut');
    await store.getFile('cut', join(folder, 'cut-copy'), stored);
    proxy.decide = (request) => (gets(request) ? 'cut' : 'pass');
    await assert.rejects(store.getFile('cut', join(folder, 'cut-copy-2'), stored), StoreUnavailableError);
  });

  test('a checkpoint is published once, whichever reply is lost', async () => {
    const directory = join(folder, 'checkpoint');
    await mkdir(directory);
    await writeFile(join(directory, 'state.bin'), randomBytes(9 * MIB));
    await writeFile(join(directory, 'checkpoint.json'), '{}');
    const { attempt, image } = courierConfigOf(gateway);
    const { work, placement } = attempt;
    const checkpoint = {
      contract: 'atoll.dev/contract/v1' as const,
      step: 1,
      kind: 'Resumable' as const,
      final: false,
      metrics: {},
    };
    const digests = new Set<string>();
    for (let lost = 0; lost < 8; lost += 1) {
      const publisher = { prefix: `lost${lost}/${PREFIX}`, work, placement, attempt: attempt.attempt, image, inputs: [] };
      let request = 0;
      proxy.decide = () => (request++ === lost ? 'lose' : 'pass');
      const published = await publishCheckpoint(store, publisher, directory, checkpoint);
      proxy.decide = () => 'pass';
      digests.add(published.digest);
      await verifyFiles(store, await readManifest(store, published.manifest, published.digest));
    }
    assert.equal(digests.size, 1, 'the same checkpoint always has the same digest');
  });

  test('a caller who gives up ends an upload at once and leaves nothing', async () => {
    const { path } = await file('given-up', 40 * MIB);
    const stop = new AbortController();
    proxy.decide = ({ url }) => {
      if (url.includes('partNumber=3')) stop.abort(new Error('given up'));
      return 'pass';
    };
    await assert.rejects(store.putFile('given-up', path, { signal: stop.signal }), /given up/);
    assert.equal(await store.head('given-up'), undefined);
  });

  test('of 16 racing writers of a file one wins, and all others are refused', async () => {
    const files = await Promise.all(Array.from({ length: 16 }, (_, index) => file(`racer-${index}`, 1000 + index)));
    const outcomes = await Promise.allSettled(files.map(({ path }) => store.putFile('race', path)));
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') assert.ok(outcome.reason instanceof PreconditionFailedError);
  });

  test('the probe is content with versitygw and leaves nothing behind', async () => {
    assert.deepEqual(await probe(store, 'probed/', systemRandom), { ok: true, missing: [] });
    for await (const { key } of store.list('probed/')) assert.fail(`${key} was left`);
  });

  test('the probe and the claim name a store that ignores create-only writes', async () => {
    const lying = new MemoryStore();
    const overwriting: ProbedStore = Object.assign(lying, {
      putInParts: (key: string, body: Uint8Array) => lying.put(key, body),
    });
    const put = lying.put.bind(lying);
    overwriting.put = (key, body) => put(key, body);
    const result = await probe(overwriting, '', systemRandom);
    assert.equal(result.ok, false);
    assert.equal(result.missing.length, 2);
    assert.match(result.missing[0] ?? '', /conditional writes .*64 of 64 racing writers/);
    const mine = { podUid: 'pod-1', pod: 'a', node: 'n', at: 'now' };
    await assert.rejects(claimAttempt(overwriting, 'claim', mine), StoreRefusedError);
  });
});
