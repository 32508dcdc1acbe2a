/** Results brought from a real object store: every byte verified, interrupted and gone on with, and refused when one byte was changed. */
import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type ObjectStorage, startObjectStorage } from '../../local/object-storage.ts';
import { type ExpertTraining, ExpertTrainingKind } from '../../src/api/experttraining.ts';
import { Course } from '../../src/api/history.ts';
import { uid8 } from '../../src/api/keys.ts';
import type { AcceptedOutput } from '../../src/api/work.ts';
import { meterLine } from '../../src/cli/download.ts';
import { secrets } from '../../src/kube/core.ts';
import { input, RunBucket } from './bucket.ts';
import { condition, Scene } from './scene.ts';
import { CliWorld } from './world.ts';

let world: CliWorld;
let storage: ObjectStorage;
let bucket: RunBucket;
let run: ExpertTraining;
let env: Record<string, string>;
const experts: AcceptedOutput[] = [];
let router: AcceptedOutput;
let ensemble: AcceptedOutput;
const weights = (seed: number, size: number) => Uint8Array.from({ length: size }, (_, at) => (at * 31 + seed) % 251);
const mebi = 1024 * 1024;

before(async () => {
  [world, storage] = await Promise.all([CliWorld.start(), startObjectStorage()]);
  bucket = new RunBucket(storage);
  const scene = new Scene(world);
  await scene.dataset(2);
  run = await scene.run('digits', {});
  for (const index of [0, 1]) {
    await bucket.publish(
      run,
      { role: 'Expert', index },
      { 'state.bin': weights(index, 1000) },
      { step: 50, final: false, kind: 'Resumable' },
    );
    experts.push(
      await bucket.publish(
        run,
        { role: 'Expert', index },
        { 'model.safetensors': weights(index, 20 * mebi), 'config/model.json': weights(9, 10) },
      ),
    );
    await scene.expert(run, index, { state: 'Accepted', island: 'east', placement: 1, attempt: 1, accepted: experts[index] }, 2);
  }
  router = await bucket.publish(run, { role: 'Router' }, { 'router.safetensors': weights(7, 3000) });
  const inputs = [
    { name: 'dataset', manifest: 'atoll/none/manifest.json', digest: `sha256:${'0'.repeat(64)}` },
    ...experts.map((expert, index) => input(`expert-00${index}`, expert)),
    input('router', router),
  ];
  ensemble = await bucket.publish(
    run,
    { role: 'Evaluate' },
    { 'ensemble.json': weights(1, 400), 'grid.png': weights(2, 500) },
    { inputs },
  );
  const { manifest, digest } = ensemble;
  const work = { state: 'Accepted' as const, placement: 1, attempt: 1, restarts: 0 };
  run = await scene.runStatus(run, {
    state: 'Complete',
    router: { ...work, accepted: router },
    evaluation: { ...work, accepted: ensemble },
    ensemble: { manifest, digest, metrics: {} },
    conditions: [condition('Complete', 'True', 'EnsemblePublished')],
  });
  const { accessKeyId, secretAccessKey } = storage.credentials;
  env = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
});
after(async () => {
  await world?.[Symbol.asyncDispose]();
  await storage?.stop();
});

const atoll = (words: string, how: Parameters<CliWorld['run']>[1] = {}) =>
  world.run([...words.split(' '), '-n', 'research', '--endpoint', storage.endpoint], { env, ...how });
const fileOf = ({ manifest }: AcceptedOutput, path: string) => manifest.replace(/manifest\.json$/, path);
const expert = (index: number) => experts[index] as AcceptedOutput;
async function filesIn(dir: string): Promise<string[]> {
  const found = await readdir(dir, { recursive: true, withFileTypes: true });
  const names = found.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name).slice(dir.length + 1));
  return names.toSorted((a, b) => a.localeCompare(b));
}
const whole = [
  'ensemble/ensemble.json',
  'ensemble/grid.png',
  'ensemble/manifest.json',
  'experts/000/config/model.json',
  'experts/000/manifest.json',
  'experts/000/model.safetensors',
  'experts/001/config/model.json',
  'experts/001/manifest.json',
  'experts/001/model.safetensors',
  'router/manifest.json',
  'router/router.safetensors',
];

describe('atoll pull', () => {
  it('brings every part, each in its folder with its manifest', async () => {
    const dir = world.file('whole');
    const ran = await atoll(`pull digits ${dir}`);
    assert.deepEqual(ran, {
      code: 0,
      err: '',
      out: `ensemble: 2 files, 900 B, verified
expert-000: 2 files, 20 MiB, verified
expert-001: 2 files, 20 MiB, verified
router: 1 file, 2.9 KiB, verified
Ensemble ${ensemble.digest} of run digits is in ${dir}.
`,
    });
    assert.deepEqual(await filesIn(dir), whole);
    assert.ok(Buffer.from(weights(1, 20 * mebi)).equals(await readFile(join(dir, 'experts/001/model.safetensors'))));
  });

  it('brings nothing twice, and again what was changed here', async () => {
    const dir = world.file('whole');
    await writeFile(join(dir, 'router/router.safetensors'), 'something else');
    const { code, out } = await atoll(`pull digits ${dir}`);
    assert.equal(code, 0);
    assert.match(out, /expert-001: 2 files, 20 MiB, verified, was here\nrouter: 1 file, 2\.9 KiB, verified\n/);
    assert.ok(Buffer.from(weights(7, 3000)).equals(await readFile(join(dir, 'router/router.safetensors'))));
  });

  it('brings only what was asked for', async () => {
    const dir = world.file('some');
    assert.equal((await atoll(`pull digits ${dir} --only ensemble --only router`)).code, 0);
    assert.deepEqual(
      await filesIn(dir),
      whole.filter((name) => !name.startsWith('experts/')),
    );
    assert.match(
      (await atoll(`pull digits ${dir} --only expert-7`)).err,
      /--only "expert-7" is not one of experts, ensemble, expert-000/,
    );
  });

  it('draws its progress on a terminal and leaves it clean', async () => {
    const { out } = await atoll(`pull digits ${world.file('drawn')}`, { screen: 80 });
    assert.ok(out.includes('\u001b[?25l'));
    assert.ok(out.lastIndexOf('\u001b[?25h') > out.lastIndexOf('\u001b[?25l'));
    assert.equal(meterLine(450, 1000, 1000), '[###########-------------]  45%  450 B of 1000 B  450 B/s  1s left');
    assert.equal(meterLine(0, 0, 0), '[########################] 100%  0 B of 0 B  0 B/s');
  });

  for (const [what, key] of [
    ['a file', () => fileOf(expert(1), 'model.safetensors')],
    ['the manifest of a part', () => router.manifest],
    ['the manifest of the ensemble', () => ensemble.manifest],
  ] as const)
    it(`refuses a bucket in which one byte of ${what} was changed, naming the object, with exit code 4`, async () => {
      const dir = world.file('damaged');
      await rm(dir, { recursive: true, force: true });
      const mend = await bucket.damage(key());
      try {
        const ran = await atoll(`pull digits ${dir}`);
        assert.equal(ran.code, 4);
        assert.ok(ran.err.includes(`cannot use ${key()}: `), ran.err);
        assert.match(ran.err, /SHA-256|digest/);
        const left = await filesIn(dir).catch((): string[] => []);
        if (what === 'a file') assert.ok(!left.includes('experts/001/model.safetensors'));
        assert.ok(
          left.every((name) => !name.endsWith('.partial')),
          left.join(),
        );
      } finally {
        await mend();
      }
    });

  it('leaves no half file under its name when it is interrupted, and goes on from where it was', async () => {
    const dir = world.file('interrupted');
    const stop = new AbortController();
    const path = join(dir, 'experts/000/model.safetensors');
    // Half of it, as an interruption leaves it.
    await mkdir(join(dir, 'experts/000'), { recursive: true });
    const half = weights(0, 20 * mebi).subarray(0, 10 * mebi);
    await writeFile(`${path}.partial`, half);
    const ran = await atoll(`pull digits ${dir}`, {
      signal: stop.signal,
      saw: ({ out }) => out.includes('ensemble:') && stop.abort(new Error('stopped by SIGINT')),
    });
    assert.equal(ran.code, 130);
    for (const name of await filesIn(dir))
      assert.ok(!name.startsWith('experts/') || name.endsWith('.partial') || name.endsWith('model.json'), name);
    assert.ok((await stat(`${path}.partial`)).size >= 10 * mebi, 'what was there is kept');
    assert.equal((await atoll(`pull digits ${dir}`)).code, 0);
    assert.deepEqual(await filesIn(dir), whole);
    assert.ok(Buffer.from(weights(0, 20 * mebi)).equals(await readFile(path)));
  });

  it('does not trust what an interruption has left', async () => {
    const dir = world.file('rotten');
    const path = join(dir, 'experts/000/model.safetensors');
    await mkdir(join(dir, 'experts/000'), { recursive: true });
    await writeFile(`${path}.partial`, weights(99, 10 * mebi));
    assert.equal((await atoll(`pull digits ${dir} --only expert-000`)).code, 0);
    assert.ok(Buffer.from(weights(0, 20 * mebi)).equals(await readFile(path)));
    await truncate(path, 5);
    await writeFile(`${path}.partial`, weights(0, 21 * mebi));
    assert.equal((await atoll(`pull digits ${dir} --only expert-000`)).code, 0);
    assert.ok(Buffer.from(weights(0, 20 * mebi)).equals(await readFile(path)));
  });

  it('takes the credentials from a Secret of the namespace when the environment has none', async () => {
    const missing = await atoll(`pull digits ${world.file('none')}`, { env: {} });
    assert.equal(missing.code, 1);
    assert.match(
      missing.err,
      /cannot open the store: there is no Secret research\/atoll-store; set both in the environment, or name a Secret/,
    );
    const data = Object.fromEntries(Object.entries(env).map(([key, value]) => [key, Buffer.from(value).toString('base64')]));
    await world.client.create(secrets, { metadata: { namespace: 'research', name: 'my-store' }, data });
    assert.equal((await atoll(`pull digits ${world.file('by-secret')} --secret my-store --only ensemble`, { env: {} })).code, 0);
  });

  it('says what to do about wrong credentials, and where the store is not', async () => {
    for (const wrong of [{ AWS_SECRET_ACCESS_KEY: 'wrong' }, { AWS_ACCESS_KEY_ID: 'nobody' }])
      for (const words of [`pull digits ${world.file('no')}`, 'checkpoints ls digits', 'checkpoints verify digits']) {
        const refused = await atoll(words, { env: { ...env, ...wrong } });
        assert.equal(refused.code, 1, refused.err);
        assert.match(
          refused.err,
          /the store refuses with \w+: .*; the credentials must be allowed to list and read the bucket: see --secret/,
        );
      }
  });

  it('says that there is no ensemble yet', async () => {
    await new Scene(world).run('young', {}, { state: 'Running' });
    const ran = await atoll(`pull young ${world.file('young')}`);
    assert.equal(ran.code, 1);
    assert.match(
      ran.err,
      /cannot pull run young: it has no ensemble yet: it is Running; atoll wait young returns when it is Complete/,
    );
    assert.equal((await atoll('pull digits')).code, 2);
  });
});

describe('atoll checkpoints', () => {
  it('ls lists what was published, and what of it counts', async () => {
    const { code, out } = await atoll('checkpoints ls digits');
    assert.equal(code, 0);
    const digests = await Promise.all(
      [0, 1].map(
        async (index) =>
          (JSON.parse((await atoll(`checkpoints ls digits -e ${index} -o json`)).out) as { digest: string }[])[0]?.digest,
      ),
    );
    assert.equal(
      out,
      `WORK         ATTEMPT   STEP   KIND        FILES   SIZE      STATE      DIGEST
ensemble     p1a1      100    Export      2       900 B     Accepted   ${ensemble.digest}
expert-000   p1a1      50     Resumable   1       1000 B               ${digests[0]}
expert-000   p1a1      100    Export      2       20 MiB    Accepted   ${expert(0).digest}
expert-001   p1a1      50     Resumable   1       1000 B               ${digests[1]}
expert-001   p1a1      100    Export      2       20 MiB    Accepted   ${expert(1).digest}
router       p1a1      100    Export      1       2.9 KiB   Accepted   ${router.digest}
`,
    );
    assert.equal(
      (await atoll('checkpoints ls digits -e 1 -o name')).out.split('\n').filter((line) => line.endsWith('manifest.json')).length,
      2,
    );
  });

  it('verify reads every byte, and names what is damaged with exit code 4', async () => {
    const good = await atoll('checkpoints verify digits');
    assert.equal(good.code, 0);
    assert.match(good.out, /^ok {7}ensemble p1a1 final: 2 files, 900 B\nok {7}expert-000 p1a1 final: 2 files, 20 MiB\n/);
    const mend = await bucket.damage(fileOf(expert(0), 'model.safetensors'));
    try {
      const bad = await atoll('checkpoints verify digits');
      assert.equal(bad.code, 4);
      assert.match(bad.out, /damaged {2}expert-000 p1a1 final: cannot use atoll\/\S+\/model\.safetensors: its SHA-256 is/);
      assert.match(bad.out, /ok {7}expert-001 /);
    } finally {
      await mend();
    }
    assert.equal(
      (await atoll('checkpoints verify digits --all')).out.split('\n').filter((line) => line.startsWith('ok')).length,
      6,
    );
  });

  it('pull brings one checkpoint', async () => {
    const dir = world.file('one');
    const { code, out } = await atoll(`checkpoints pull digits -e 1 ${dir} --step 50`);
    assert.equal(code, 0);
    assert.match(out, /^expert-001: 1 file, 1000 B, verified\nStep 50 of expert-001 \(sha256:/);
    assert.deepEqual(await filesIn(dir), ['manifest.json', 'state.bin']);
    assert.match(
      (await atoll(`checkpoints pull digits -e 1 ${dir} --step 60`)).err,
      /cannot find step 60 of expert 1 of run digits: there are the steps 50, 100/,
    );
  });
});

describe('atoll report --deleted', () => {
  const text = (value: object) => new TextEncoder().encode(JSON.stringify(value));
  const leave = async (): Promise<{ uid: string; digests: string[] }> => {
    const old = await new Scene(world).run('old');
    const { uid = '' } = old.metadata;
    const course = new Course();
    for (const [step, loss] of [
      [50, '0.5'],
      [100, '0.25'],
    ] as const)
      course.add({ placement: 1, attempt: 1 }, { step, loss, at: `2026-11-26T07:00:${step / 2}Z` });
    const files = { 'w.bin': weights(1, 1000), 'atoll-history.json': text(course.file()) };
    const made = await bucket.publish(old, { role: 'Expert', index: 0 }, files);
    const ensemblePart = await bucket.publish(
      old,
      { role: 'Evaluate' },
      { 'ensemble.json': text({}) },
      { inputs: [input('expert-000', made)] },
    );
    await world.client.delete(ExpertTrainingKind, { namespace: 'research', name: 'old' }, { uid });
    return { uid: uid8(uid), digests: [made.digest, ensemblePart.digest] };
  };

  it('says from the bucket alone what was made, and from which history', async () => {
    const { digests } = await leave();
    const { code, out } = await atoll('report old --deleted');
    assert.equal(code, 0);
    assert.match(out, /^# research\/old, from its bucket\n\nWhat `atoll\/research\.old\.[0-9a-f]{8}\/` of bucket atoll holds/);
    assert.ok(
      out.includes(`| ensemble | final | p1a1 | 100 | 2 B |  |  |  |  | \`${digests[1]}\` |\n`) &&
        out.includes(` | 0.25 | 2026-11-26T07:00:25Z | 2026-11-26T07:00:50Z | 1 | \`${digests[0]}\` |\n`),
      out,
    );
    assert.match(out, /\n\| expert-000 \| in the ensemble \| p1a1 \| 100 \| /);
  });

  it('asks which of several is meant, and names what is there instead of what is not', async () => {
    const { uid } = await leave();
    const several = await atoll('report old --deleted');
    assert.equal(several.code, 1);
    assert.match(
      several.err,
      /several runs old have left something in atoll\/ of bucket atoll: name one of old\.\w{8}, old\.\w{8}\n/,
    );
    assert.equal((await atoll(`report old.${uid} --deleted`)).code, 0);
    assert.match(
      (await atoll('report older --deleted')).err,
      /cannot find what a run older .* has left in .*: there are digits\.\w{8}, old\./,
    );
    assert.equal((await world.run(['report', 'digits', '-n', 'research', '--prefix', 'x/'])).code, 2);
  });
});
