/** Runs of which only the bucket is left, in the page. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { Course, historyFileName } from '../../../src/api/history.ts';
import { fileKey, manifestKey, workPrefix } from '../../../src/api/keys.ts';
import { encodeManifest } from '../../../src/api/manifest.ts';
import type { ManifestRef, WorkRole } from '../../../src/api/work.ts';
import type { ObjectStore } from '../../../src/store/object-store.ts';
import { violations } from './browser.ts';
import type { Here } from './world.ts';

const run = { namespace: 'research', name: 'forgotten', uid: 'feedbeef-0000-4000-8000-000000000009' };
const steps = 400;

/** Publishes what is given as the final result of one attempt. */
async function publish(
  store: ObjectStore,
  role: WorkRole,
  files: Record<string, string>,
  inputs: readonly ManifestRef[],
  index?: number,
): Promise<ManifestRef> {
  const place = { placement: 1, attempt: 1 };
  const prefix = workPrefix('atoll/', run, role, index);
  const key = manifestKey(prefix, place, steps, true);
  const stored = [];
  for (const [path, text] of Object.entries(files)) {
    const bytes = new TextEncoder().encode(text);
    await store.put(fileKey(key, path), bytes);
    stored.push({ path, size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') });
  }
  const owner = {
    kind: role === 'Partition' ? ('ExpertDataset' as const) : ('ExpertTraining' as const),
    name: run.name,
    uid: run.uid,
  };
  const { bytes, digest } = encodeManifest({
    schema: 'atoll.dev/manifest/v1',
    work: { namespace: run.namespace, owner, experts: 2, role, ...(index === undefined ? {} : { index }) },
    ...place,
    step: steps,
    kind: 'Export',
    final: true,
    files: stored,
    inputs: inputs.map((input) => ({ name: 'input', ...input })),
    image: 'ddm',
    metrics: {},
  });
  await store.put(key, bytes);
  return { manifest: key, digest };
}

async function leave(store: ObjectStore): Promise<void> {
  const data = await publish(store, 'Partition', { 'shards/000.npz': 'some samples' }, []);
  const made = [];
  for (let index = 0; index < 2; index += 1) {
    const course = new Course();
    const of = { placement: 1, attempt: 1 };
    for (let step = 40; step <= steps; step += 40)
      course.add(of, { step, steps, loss: String(20 / step), at: new Date(Date.UTC(2026, 0, 1) + step * 1000).toISOString() });
    course.mark(of, steps, true);
    const files = { 'weights.bin': `expert ${index}`, [historyFileName]: JSON.stringify(course.file()) };
    made.push(await publish(store, 'Expert', files, [data], index));
  }
  const router = await publish(store, 'Router', { 'weights.bin': 'router' }, [data]);
  await publish(store, 'Evaluate', { 'ensemble.json': '{}' }, [data, ...made, router]);
}

export function pastTests(here: () => Here): void {
  describe('a run that was deleted', () => {
    test('is found from the list of runs, and shows its lineage, curves and checkpoints', async () => {
      const { world, seen } = here();
      const { page } = seen;
      await leave(world.store);
      await page.goto(`${world.url}runs`);
      await page.getByRole('link', { name: 'Finished and deleted runs' }).click();
      await page.locator('tbody tr', { hasText: 'forgotten' }).getByText('deleted').waitFor();
      assert.deepEqual(await violations(page), []);
      await page.getByRole('link', { name: 'forgotten' }).click();
      await page.getByText('Checkpoints of 2 experts, 2 of them finished, and of router and evaluation.').waitFor();
      await page.getByText('The whole chain holds: each of 5 parts has its digest').waitFor();
      assert.equal(await page.locator('.lineage-card').getByText('Verified').count(), 5);
      await page.getByText('Loss fell from 0.5 at step 40 to 0.05 at step 400').first().waitFor();
      assert.equal(await page.locator('figure canvas').count(), 2, 'two experts; the router has left no history');
      const first = page.getByRole('group', { name: 'Checkpoints of expert 0, the newest first' });
      assert.match(await first.locator('tbody').innerText(), /400[^]*final[^]*p1a1/);
      assert.deepEqual(await violations(page), []);
      assert.equal(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), true);
    });

    test('one byte of its history that was changed is named, and no curve is drawn from it', async () => {
      const { world, seen } = here();
      const key = fileKey(
        manifestKey(workPrefix('atoll/', run, 'Expert', 1), { placement: 1, attempt: 1 }, steps, true),
        historyFileName,
      );
      const whole = world.store.objects.get(key);
      assert.ok(whole);
      world.store.objects.set(key, whole.with(whole.length - 3, (whole.at(-3) ?? 0) ^ 1));
      // Another server: this one has read it already, and nothing is ever overwritten.
      await world.restart();
      await seen.page.goto(`${world.url}history/research/forgotten.feedbeef`);
      await seen.page.getByText(`cannot use ${key}: its SHA-256 is`).waitFor();
      assert.equal(await seen.page.locator('figure canvas').count(), 1);
      world.store.objects.set(key, whole);
    });

    test('a manifest that cannot be read is named: its work is not taken for one that left nothing', async () => {
      const { world, seen } = here();
      const key = manifestKey(workPrefix('atoll/', run, 'Router'), { placement: 1, attempt: 1 }, steps, true);
      const whole = world.store.objects.get(key);
      assert.ok(whole);
      world.store.objects.set(key, whole.slice(0, -1));
      await world.restart();
      await seen.page.goto(`${world.url}history/research/forgotten.feedbeef`);
      await seen.page.getByRole('heading', { name: 'Manifests of router cannot be read' }).waitFor();
      await seen.page.getByText(`router, 1 manifest: cannot use ${key}: `).waitFor();
      await seen.page.getByText('Checkpoints of 2 experts, 2 of them finished, and of evaluation.').waitFor();
      assert.deepEqual(await violations(seen.page), []);
      world.store.objects.set(key, whole);
    });
  });
}
