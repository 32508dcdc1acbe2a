/** A run that nobody disturbs, from two files applied with kubectl to an ensemble whose parts verify. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { ManifestRef } from '../../src/api/work.ts';
import { endings, Run, restartsOf } from './run.ts';
import { checkpointEvery, experts, steps } from './trainings.ts';
import type { World } from './world.ts';

export const calm = 'calm';

export function undisturbed(world: () => World): void {
  it('applied with kubectl becomes Complete, and kubectl wait returns', async () => {
    const run = await world().train(calm, { whole: true });
    const given = new AbortController();
    const wait = world().kubectl(['wait', '--for=condition=Complete', `et/${calm}`, '--timeout=10m'], {
      timeoutMs: 610_000,
      signal: given.signal,
    });
    wait.catch(() => {}); // awaited below, unless the run fails first
    try {
      await run.complete();
      assert.match(await wait, /experttraining.atoll.dev\/calm condition met/);
    } finally {
      given.abort();
    }
    world().reference = await run.weights();
    assert.equal(new Set(world().reference).size, experts, 'each expert has weights of its own');
    for (let index = 0; index < experts; index++) {
      assert.deepEqual(endings(await run.job(index)), [['Succeeded', 0]]);
      assert.deepEqual(restartsOf(await run.pod(index, 1)), [0, 0, 0]);
      const { step, final, kind, inputs } = await run.accepted(index);
      assert.deepEqual([step, final, kind], [steps, true, 'Export']);
      assert.deepEqual(inputs, [{ name: 'dataset', ...(await datasetOf(world())) }]);
    }
  });
}

/** To be run once the undisturbed run is complete. */
export function lineage(world: () => World): void {
  it('links its ensemble to experts, router and data set by digest, and every byte of each verifies', async () => {
    const { bucket } = world();
    const run = new Run(world(), calm);
    const { status } = await run.training();
    assert.ok(status?.ensemble);
    const ensemble = await bucket.verified(status.ensemble);
    assert.deepEqual(
      ensemble.files.map(({ path }) => path).filter((path) => ['ensemble.json', 'metrics.json', 'grid.png'].includes(path)),
      ['ensemble.json', 'grid.png', 'metrics.json'],
    );
    const key = status.ensemble.manifest.replace('manifest.json', 'ensemble.json');
    const { parts } = await bucket.json<{ parts: (ManifestRef & { name: string; role: string })[] }>(key);
    assert.deepEqual(
      parts.map(({ name, role }) => [name, role]),
      [
        ['dataset', 'Dataset'],
        ['expert-000', 'Expert'],
        ['expert-001', 'Expert'],
        ['router', 'Router'],
      ],
    );
    const named = new Map(parts.map(({ name, manifest, digest }) => [name, { manifest, digest }]));
    assert.deepEqual(new Map(ensemble.inputs.map(({ name, ...ref }) => [name, ref])), named, 'ensemble.json names its inputs');
    const dataset = await datasetOf(world());
    assert.deepEqual(named.get('dataset'), dataset);
    assert.deepEqual(named.get('router'), refOf(status.router?.accepted));
    for (let index = 0; index < experts; index++)
      assert.deepEqual(named.get(`expert-00${index}`), refOf((await run.expert(index)).status?.accepted));
    for (const [name, ref] of named) {
      const { inputs } = await bucket.verified(ref);
      assert.deepEqual(inputs, name === 'dataset' ? [] : [{ name: 'dataset', ...dataset }], `inputs of ${name}`);
    }
  });

  it('keeps the newest two checkpoints of each expert beside its final, and writes each key once', async () => {
    const { bucket } = world();
    const run = new Run(world(), calm);
    for (let index = 0; index < experts; index++) {
      const prefix = await run.prefix(index);
      const kept = (await bucket.checkpoints(prefix)).map(({ step }) => step);
      assert.deepEqual(kept, [steps - 2 * checkpointEvery, steps - checkpointEvery]);
      assert.equal((await bucket.finals(prefix)).length, 1);
    }
  });
}

async function datasetOf(world: World): Promise<ManifestRef> {
  const { status } = (await world.dataset()) ?? {};
  assert.equal(status?.state, 'Ready');
  return { manifest: status?.manifest ?? '', digest: status?.digest ?? '' };
}

function refOf(ref: ManifestRef | undefined): ManifestRef | undefined {
  return ref && { manifest: ref.manifest, digest: ref.digest };
}
