/** What the dashboard reads from a real object store, where everything was published as the courier publishes it. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ExpertDatasetKind, expertDatasetStatus } from '../../src/api/expertdataset.ts';
import { ExpertShardKind, expertShardStatus } from '../../src/api/expertshard.ts';
import { ExpertTrainingKind, expertTrainingStatus } from '../../src/api/experttraining.ts';
import { Course, historyFileName } from '../../src/api/history.ts';
import { fileKey, workPrefix } from '../../src/api/keys.ts';
import type { WorkRole } from '../../src/api/work.ts';
import type { CurveView } from '../../src/dashboard/view/curve.ts';
import type { DatasetView } from '../../src/dashboard/view/dataset.ts';
import type { EnsembleView } from '../../src/dashboard/view/ensemble.ts';
import type { LineageView } from '../../src/dashboard/view/lineage.ts';
import type { HistoryRow, HistoryView } from '../../src/dashboard/view/run.ts';
import type { WorkDetail } from '../../src/dashboard/view/work.ts';
import { type Published, publishCheckpoint } from '../../src/store/publish.ts';
import { at, dataset, training, work } from '../hub/builders.ts';
import { eventually } from '../kube/eventually.ts';
import { flipBit, type Gateway, gatewayMissing, startGateway } from '../store/gateway.ts';
import { startMemoryWorld } from './memory-world.ts';

const experts = 2;
const steps = 600;
const run = { namespace: 'research', name: 'digits', uid: 'aaaa0000-0000-4000-8000-000000000001' };
const data = { namespace: 'research', name: 'digits', uid: 'dddd0000-0000-4000-8000-000000000002' };
/** The smallest picture there is. */
const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

describe('the dashboard on versitygw', { skip: gatewayMissing }, () => {
  let gateway: Gateway;
  let folder: string;
  let world: Awaited<ReturnType<typeof startMemoryWorld>>;
  const made = new Map<string, Published>();
  const named = (name: string) => made.get(name) ?? assert.fail(`${name} was not published`);

  before(async () => {
    [gateway, folder] = await Promise.all([startGateway(), mkdtemp(join(tmpdir(), 'atoll-dashboard-'))]);
    world = await startMemoryWorld({ stores: new Map([['default', gateway.store({ maxAttempts: 1 })]]) });
    await publishAll();
    setObjects();
    await eventually('the objects are there', () => world.objects.shards.store.size === experts);
  });
  after(async () => {
    await world.stop();
    await gateway.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** Publishes the files as one attempt of a work does. */
  async function publish(
    name: string,
    role: WorkRole,
    files: Record<string, Uint8Array | string>,
    { from = [], step = steps, final = true, index }: { from?: string[]; step?: number; final?: boolean; index?: number } = {},
  ): Promise<void> {
    const owner = role === 'Partition' ? data : run;
    const kind = role === 'Partition' ? ('ExpertDataset' as const) : ('ExpertTraining' as const);
    const directory = join(folder, `${name}-${step}`);
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(directory, path)), { recursive: true });
      await writeFile(join(directory, path), content);
    }
    const publisher = {
      work: { namespace: owner.namespace, experts, owner: { ...owner, kind }, role, ...(index === undefined ? {} : { index }) },
      placement: 1,
      attempt: 1,
      inputs: from.map((input) => ({ name: input, manifest: named(input).manifest, digest: named(input).digest })),
      image: 'ddm',
      prefix: workPrefix('atoll/', owner, role, index),
    };
    const checkpoint = { contract: 'atoll.dev/contract/v1' as const, step, kind: 'Export' as const, final, metrics: {} };
    made.set(name, await publishCheckpoint(gateway.store(), publisher, directory, checkpoint));
  }

  async function publishAll(): Promise<void> {
    const pictures = Object.fromEntries([0, 1].map((index) => [`thumbnails/00${index}.png`, png]));
    await publish('data', 'Partition', { 'shards/000.npz': 'shard 0', 'shards/001.npz': 'shard 1', ...pictures });
    for (let index = 0; index < experts; index += 1) {
      const course = new Course();
      for (let step = 100; step <= steps; step += 100) {
        course.add(
          { placement: 1, attempt: 1 },
          { step, steps, loss: String(1 / step), at: new Date(Date.parse(at) + step * 1000).toISOString() },
        );
        if (step % 300 !== 0) continue;
        const final = step === steps;
        course.mark({ placement: 1, attempt: 1 }, step, final);
        const files = { 'weights.bin': `expert ${index} at ${step}`, [historyFileName]: JSON.stringify(course.file()) };
        await publish(final ? `expert ${index}` : `expert ${index} at ${step}`, 'Expert', files, {
          from: ['data'],
          step,
          final,
          index,
        });
      }
    }
    await publish('router', 'Router', { 'weights.bin': 'router' }, { from: ['data'] });
    const strategies = {
      full: { heldOutLoss: 0.3, frechet: 12.5, frechetSpread: 1.5, agreement: 0.9 },
      top1: { heldOutLoss: 0.28, frechet: 9.5, frechetSpread: 1.1, agreement: 0.95 },
    };
    await publish(
      'ensemble',
      'Evaluate',
      {
        'ensemble.json': JSON.stringify({ missing: [] }),
        'metrics.json': JSON.stringify({ strategies, floor: 4.9, recommended: 'top1', present: [0, 1] }),
        'grid.png': png,
      },
      { from: ['data', 'expert 0', 'expert 1', 'router'] },
    );
  }

  const accepted = (name: string) => {
    const { manifest, digest, bytes } = named(name);
    return work({
      state: 'Accepted',
      placement: 1,
      attempt: 1,
      island: 'west',
      accepted: { manifest, digest, bytes, placement: 1, attempt: 1, step: steps, at },
    });
  };

  function setObjects(): void {
    const { api } = world;
    const { manifest, digest } = named('data');
    const shards = [0, 1].map((index) => ({ index, samples: 300 - index * 100, bytes: 7, digest }));
    api.put(ExpertDatasetKind, {
      spec: dataset({ partition: { experts } }).spec,
      metadata: { namespace: data.namespace, name: data.name, uid: data.uid },
      status: expertDatasetStatus.parse({ state: 'Ready', manifest, digest, samples: 500, heldOut: 50, skew: '1.5', shards }),
    });
    const part = { resources: { cpu: '1', memory: '1Gi' } };
    api.put(ExpertTrainingKind, {
      spec: training({ router: part, evaluation: part }).spec,
      metadata: { namespace: run.namespace, name: run.name, uid: run.uid },
      status: expertTrainingStatus.parse({
        state: 'Complete',
        experts: { total: experts, accepted: experts },
        snapshot: { dataset: { manifest, digest, store: 'default', uid: data.uid, experts }, images: {} },
        router: accepted('router'),
        evaluation: accepted('ensemble'),
        ensemble: { manifest: named('ensemble').manifest, digest: named('ensemble').digest, metrics: { 'fd.top1': '9.5' } },
      }),
    });
    for (let index = 0; index < experts; index += 1)
      api.put(ExpertShardKind, {
        metadata: { namespace: run.namespace, name: `digits-e00${index}`, uid: `shard-${index}` },
        spec: { training: run.name, trainingUid: run.uid, index, experts, dataset: { manifest, digest } },
        status: expertShardStatus.parse(accepted(`expert ${index}`)),
      });
  }

  async function read<T>(path: string): Promise<T> {
    const response = await world.get(`api/namespaces/research/${path}`);
    assert.equal(response.status, 200, await response.clone().text());
    return (await response.json()) as T;
  }
  const picture = async (path: string) => Buffer.from(await (await world.get(`api/namespaces/research/${path}`)).arrayBuffer());

  test('a data set has its skew, the share of each shard, and a picture of each', async () => {
    const view = await read<DatasetView>('datasets/digits');
    assert.equal(view.sentence, 'Ready: 500 samples in 2 shards; the largest has 1.5 times as many as the smallest.');
    assert.deepEqual(
      view.shards.map(({ share, thumbnail }) => [share, thumbnail]),
      [
        [1.2, true],
        [0.8, true],
      ],
    );
    assert.deepEqual(await picture('datasets/digits/shards/1/thumbnail.png'), png);
  });

  test('the lineage is one chain of digests, each read from the store', async () => {
    const { nodes, edges, sentence, pull } = await read<LineageView>('runs/digits/lineage');
    assert.equal(sentence, 'The whole chain holds: each of 7 parts has its digest, and each names what it was made from.');
    assert.deepEqual(new Set(nodes.map(({ verified }) => verified)), new Set(['Verified']));
    assert.ok(
      edges.filter(({ to }) => !to.startsWith('shard')).every(({ named: does }) => does === true),
      JSON.stringify(edges),
    );
    assert.equal(pull, 'atoll pull digits -n research');
  });

  test('an ensemble has its metrics by strategy, the one that is recommended, and its picture', async () => {
    const { strategies, floor, grid, note } = await read<EnsembleView>('runs/digits/ensemble');
    assert.deepEqual(
      strategies.map(({ name, frechet, recommended }) => [name, frechet, recommended]),
      [
        ['full', 12.5, false],
        ['top1', 9.5, true],
      ],
    );
    assert.deepEqual([floor, grid, note], [4.9, true, undefined]);
    assert.deepEqual(await picture('runs/digits/ensemble/grid.png'), png);
  });

  test('the curve of an expert that has ended is the one that it published, and its checkpoints are listed', async () => {
    const curve = await read<CurveView>('runs/digits/works/expert-001/curve');
    assert.deepEqual([curve.source, curve.points.step.length, curve.gap], ['stored', 6, undefined]);
    assert.deepEqual(
      curve.checkpoints.map(({ step, final }) => [step, final]),
      [
        [300, false],
        [600, true],
      ],
    );
    const { checkpoints } = await read<WorkDetail>('runs/digits/works/expert-001');
    assert.deepEqual(
      checkpoints.map(({ step, accepted: counts }) => [step, counts]),
      [
        [600, true],
        [300, false],
      ],
    );
  });

  test('what a deleted run has left is found, with its checkpoints and curves', async () => {
    const there = await read<HistoryRow[]>('history');
    assert.deepEqual(
      there.map(({ name, uid8, exists }) => [name, uid8, exists]),
      [['digits', 'aaaa0000', true]],
    );
    await world.api.client().delete(ExpertTrainingKind, run, { uid: run.uid });
    await eventually('the run is gone', () => world.objects.runs.store.size === 0);
    assert.deepEqual(
      (await read<HistoryRow[]>('history')).map(({ exists }) => exists),
      [false],
    );
    const { works } = await read<HistoryView>('history/digits.aaaa0000');
    assert.deepEqual(
      works.map(({ work: name, step, final }) => [name, step, final]),
      [
        ['expert-000', 600, true],
        ['expert-001', 600, true],
        ['router', 600, true],
        ['evaluation', 600, true],
      ],
    );
    const curve = await read<CurveView>('history/digits.aaaa0000/works/expert-000/curve');
    assert.equal(curve.points.step.at(-1), 600);
    setObjects();
    await eventually('the run is back', () => world.objects.runs.store.size === 1);
  });

  describe('one byte that was changed', () => {
    // Another server, which has read nothing yet.
    let other: Awaited<ReturnType<typeof startMemoryWorld>>;
    const damage = (key: string) => flipBit(join(gateway.folder, key));
    before(async () => {
      const first = world;
      other = await startMemoryWorld({ stores: new Map([['default', gateway.store({ maxAttempts: 1 })]]) });
      world = other;
      setObjects();
      await eventually('the objects are there', () => other.objects.shards.store.size === experts);
      after(() => first.stop());
    });

    test('in the picture of an ensemble or of a shard: no picture, but the key that does not verify', async () => {
      const grid = fileKey(named('ensemble').manifest, 'grid.png');
      const sheet = fileKey(named('data').manifest, 'thumbnails/000.png');
      await damage(grid);
      await damage(sheet);
      for (const [path, key] of [
        ['runs/digits/ensemble/grid.png', grid],
        ['datasets/digits/shards/0/thumbnail.png', sheet],
      ] as const) {
        const response = await world.get(`api/namespaces/research/${path}`);
        assert.equal(response.status, 503);
        const { message } = (await response.json()) as { message: string };
        assert.match(message, new RegExp(`cannot use ${key}: its SHA-256 is [0-9a-f]+, expected`));
      }
    });

    test('in a history: the curve of the checkpoint before, and what is missing', async () => {
      const key = fileKey(named('expert 0').manifest, historyFileName);
      await damage(key);
      const curve = await read<CurveView>('runs/digits/works/expert-000/curve');
      assert.equal(curve.points.step.at(-1), 300);
      assert.match(curve.gap ?? '', new RegExp(`cannot use ${key}: its SHA-256`));
    });

    test('in metrics: a note that names the key, beside the numbers of the status', async () => {
      const key = fileKey(named('ensemble').manifest, 'metrics.json');
      await damage(key);
      const { note, strategies } = await read<EnsembleView>('runs/digits/ensemble');
      assert.match(note ?? '', new RegExp(`cannot use ${key}`));
      assert.deepEqual(
        strategies.map(({ name, frechet }) => [name, frechet]),
        [['top1', 9.5]],
      );
    });

    test('in a manifest, or a file that is gone: the lineage names the part and the key', async () => {
      await damage(named('expert 1').manifest);
      await rm(join(gateway.folder, fileKey(named('router').manifest, 'weights.bin')));
      const { sentence, nodes } = await read<LineageView>('runs/digits/lineage');
      assert.match(sentence, /^Damaged: expert 1, router\./);
      const why = (id: string) => nodes.find((node) => node.id === id)?.message;
      assert.match(why('expert/1') ?? '', new RegExp(`cannot use ${named('expert 1').manifest}: .*digest`));
      assert.equal(why('router'), `${fileKey(named('router').manifest, 'weights.bin')} is missing`);
    });

    test('in a manifest that is no JSON any more: the history says which work it is missing from', async () => {
      const key = named('expert 0').manifest;
      await writeFile(join(gateway.folder, key), '{');
      // A server that has read nothing yet, and knows no object of the run.
      world = await startMemoryWorld({ stores: new Map([['default', gateway.store({ maxAttempts: 1 })]]) });
      try {
        const { works, unread } = await read<HistoryView>('history/digits.aaaa0000');
        assert.deepEqual(
          unread.map(({ work: name, manifests }) => [name, manifests]),
          [['expert-000', 1]],
        );
        assert.match(unread[0]?.why ?? '', new RegExp(`cannot use ${key}: `));
        assert.equal(works.find(({ work: name }) => name === 'expert-000')?.step, 300, 'the checkpoint before is shown');
      } finally {
        await world.stop();
        world = other;
      }
    });
  });
});
