/** From specs to IslandJobs, and from the manifest of a partition to the status of a data set. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ExpertDataset } from '../../src/api/expertdataset.ts';
import type { ExpertShard } from '../../src/api/expertshard.ts';
import type { ExpertTraining } from '../../src/api/experttraining.ts';
import { islandJobSpec } from '../../src/api/islandjob.ts';
import { apiVersion } from '../../src/api/kind.ts';
import { canonicalJson, digestOf, type Manifest } from '../../src/api/manifest.ts';
import { stateOfDataset } from '../../src/hub/dataset.ts';
import { ensembleInputs } from '../../src/hub/inputs.ts';
import { partitionResult } from '../../src/hub/partition.ts';
import type { HubSettings } from '../../src/hub/settings.ts';
import { invalidSpec } from '../../src/hub/start.ts';
import { evaluationTemplate, expertTemplate, islandJob, partitionTemplate, routerTemplate } from '../../src/hub/templates.ts';
import { at, dataset, digest, namespace, training, work } from './builders.ts';

const settings: HubSettings = { images: { workload: 'reference' }, imagePullPolicy: 'Never', instance: 'hub-0' };
const uid = '0a1b2c3d-0000-4000-8000-000000000000';
const frozen = { store: 'data', manifest: 'd/manifest.json', digest: digest('d'), uid: 'd-uid', experts: 4 };

function dataSet(spec: object = {}): ExpertDataset {
  const made = dataset(spec as never);
  return { apiVersion, kind: 'ExpertDataset', ...made, metadata: { ...made.metadata, uid } };
}
function run(spec: object = {}, images: Record<string, string> = {}): ExpertTraining {
  const made = training(spec as never);
  const status = {
    state: 'Running' as const,
    experts: { total: 4, running: 0, accepted: 0, blocked: 0 },
    display: {},
    conditions: [],
  };
  return {
    apiVersion,
    kind: 'ExpertTraining',
    ...made,
    metadata: { ...made.metadata, uid },
    status: { ...status, snapshot: { dataset: frozen, images }, startedAt: at },
  };
}
const shard: ExpertShard = {
  apiVersion,
  kind: 'ExpertShard',
  metadata: { name: 'digits-e003', namespace, uid: 'shard-uid' },
  spec: {
    training: 'digits',
    trainingUid: uid,
    index: 3,
    experts: 4,
    dataset: { manifest: frozen.manifest, digest: frozen.digest },
  },
};
const facts = { placement: 2, island: 'north', resume: [] };

describe('a partition', () => {
  const template = partitionTemplate(
    dataSet({ partition: { experts: 4, clusters: { seed: 7 } }, job: { params: { experts: 99, extra: 1 } } }),
    settings,
  );
  test('is told how to cut; what the resource says comes before its params', () => {
    assert.deepEqual(template.spec.params, {
      extra: 1,
      experts: 4,
      method: 'Clusters',
      clusters: { features: 'Pca', fine: 64, balance: true, seed: 7 },
      heldOut: '0.1',
      format: 'Npz',
    });
    assert.equal(template.spec.seed, 7);
  });
  test('reads the raw data and writes below its own uid', () => {
    assert.deepEqual(template.spec.source, { store: 'default', prefix: 'raw/' });
    assert.deepEqual(template.spec.output, { store: 'default', prefix: 'atoll/research.digits.0a1b2c3d/dataset/' });
  });
  test('runs the reference image with the program of its role', () => {
    const { image, command, imagePullPolicy } = template.spec.container;
    assert.deepEqual([image, command, imagePullPolicy], ['reference', ['python3', '-m', 'ddm', 'partition'], 'Never']);
  });
  test('becomes an IslandJob that the API takes as it is, owned by the data set', () => {
    const made = islandJob(template, facts);
    assert.deepEqual(islandJobSpec.strict().parse(made.spec), made.spec);
    assert.equal(made.metadata.name, 'digits-0a1b2c3d-part-p2');
    assert.deepEqual(made.metadata.labels, {
      'atoll.dev/dataset': 'digits',
      'atoll.dev/dataset-uid': uid,
      'atoll.dev/island': 'north',
      'atoll.dev/placement': '2',
      'atoll.dev/role': 'Partition',
    });
    assert.deepEqual(
      made.metadata.ownerReferences?.map(({ kind, controller }) => [kind, controller]),
      [['ExpertDataset', true]],
    );
  });
});

describe('an expert', () => {
  test('sees its shard and how it was cut, and nothing of other shards', () => {
    const { inputs } = expertTemplate(run(), shard, settings).spec;
    assert.deepEqual(inputs, [
      {
        name: 'dataset',
        store: 'data',
        manifest: frozen.manifest,
        digest: frozen.digest,
        include: ['shards/003/', 'partition.json'],
      },
    ]);
  });
  test('is owned by its ExpertShard and works for its training', () => {
    const made = islandJob(expertTemplate(run(), shard, settings), facts);
    assert.deepEqual(
      made.metadata.ownerReferences?.map(({ kind, uid: owner }) => [kind, owner]),
      [['ExpertShard', 'shard-uid']],
    );
    assert.deepEqual(made.spec.work, {
      namespace,
      owner: { kind: 'ExpertTraining', name: 'digits', uid },
      training: 'digits',
      index: 3,
      experts: 4,
    });
    assert.equal(made.metadata.name, 'digits-0a1b2c3d-e003-p2');
    assert.equal(made.metadata.labels?.['atoll.dev/expert'], '003');
  });
  test('runs the image that was frozen at the start, not that of newer settings', () => {
    const { container } = expertTemplate(run({}, { Expert: 'older-reference' }), shard, settings).spec;
    assert.equal(container.image, 'older-reference');
  });
  test('with an image of its own runs its own entry point', () => {
    const expert = { image: 'mine', resources: { cpu: '1', memory: '1Gi', gpus: 2, gpuProduct: 'H100' } };
    const template = expertTemplate(run({ expert }), shard, settings);
    assert.deepEqual([template.spec.container.command, template.spec.container.imagePullPolicy], [undefined, undefined]);
    const demand = { group: uid, namespace, gpus: 2, gpuProduct: 'H100', matchLabels: {}, priority: 0, since: 0 };
    assert.deepEqual(template.demand, demand);
  });
  test('of several nodes asks for the GPUs of all, and its queue passes through', () => {
    const expert = {
      resources: { cpu: '1', memory: '1Gi', gpus: 4 },
      nodes: 3,
      queueName: 'gpu-queue',
      queueDeadline: '1h',
    };
    const { demand, spec } = expertTemplate(run({ expert, priority: 7 }), shard, settings);
    assert.deepEqual([demand.gpus, demand.priority], [12, 7]);
    assert.deepEqual([spec.nodes, spec.queueName, spec.queueDeadline], [3, 'gpu-queue', '1h']);
  });
  test('has the finalizer that only its island lifts, from the start', () => {
    assert.deepEqual(islandJob(expertTemplate(run(), shard, settings), facts).metadata.finalizers, ['atoll.dev/island']);
  });
  test('is told until when it may run', () => {
    assert.equal(expertTemplate(run({ deadline: '72h' }), shard, settings).spec.deadline, '2026-01-04T00:00:00Z');
  });
});

describe('router and evaluation', () => {
  const experts = [1, 0].map((index) => ({ index, manifest: `e${index}/manifest.json`, digest: digest(String(index)) }));
  const router = { manifest: 'r/manifest.json', digest: digest('f') };
  test('a router beside the experts reads the whole data set alone', () => {
    const inputs = ensembleInputs(run(), []);
    assert.deepEqual(routerTemplate(run(), inputs, settings).spec.inputs, [
      { name: 'dataset', store: 'data', manifest: frozen.manifest, digest: frozen.digest },
    ]);
  });
  test('an evaluation reads everything, experts in order', () => {
    const { spec } = evaluationTemplate(run(), ensembleInputs(run(), experts, router), settings);
    assert.deepEqual(
      spec.inputs.map(({ name, digest: is }) => [name, is.slice(7, 8)]),
      [
        ['dataset', 'd'],
        ['expert-000', '0'],
        ['expert-001', '1'],
        ['router', 'f'],
      ],
    );
    assert.equal(spec.output.prefix, 'atoll/research.digits.0a1b2c3d/ensemble/');
  });
});

describe('the status of a data set', () => {
  const file = (path: string, size: number) => ({ path, size, sha256: '0'.repeat(64) });
  const files = [
    file('partition.json', 9),
    file('shards/000/a.npz', 10),
    file('shards/000/b.npz', 5),
    file('shards/001/a.npz', 7),
  ];
  test('has size and digest of each shard from the files below it', () => {
    const partition = {
      method: 'Random' as const,
      experts: 2,
      samples: 5,
      heldOut: 1,
      skew: 1.5,
      shards: [
        { index: 1, samples: 2 },
        { index: 0, samples: 3 },
      ],
    };
    assert.deepEqual(partitionResult({ files, partition } as Manifest), {
      samples: 5,
      heldOut: 1,
      skew: '1.5',
      shards: [
        { index: 0, samples: 3, bytes: 15, digest: digestOf(canonicalJson(files.slice(1, 3))) },
        { index: 1, samples: 2, bytes: 7, digest: digestOf(canonicalJson(files.slice(3))) },
      ],
    });
  });

  const { partition } = dataSet().spec;
  const table: [sentence: string, facts: Partial<Parameters<typeof stateOfDataset>[0]>, state: string, reason: string][] = [
    ['is Pending before anything', {}, 'Pending', 'DatasetNotReady'],
    ['is Pending while no island takes it', { work: work({ reason: 'NoMatchingIsland' }) }, 'Pending', 'NoMatchingIsland'],
    ['is Partitioning while its job runs', { work: work({ state: 'Running' }) }, 'Partitioning', 'Partitioning'],
    [
      'is Failed when its job is out of budget',
      { work: work({ state: 'Blocked', reason: 'Crash' }) },
      'Failed',
      'PartitionFailed',
    ],
    ['is Ready when its shards are even enough', { digest: digest('a'), skew: '4' }, 'Ready', 'DatasetReady'],
    ['is Blocked when one shard is too large', { digest: digest('a'), skew: '4.1' }, 'Blocked', 'SkewTooHigh'],
    [
      'is Blocked when another digest was approved',
      { digest: digest('a'), skew: '9', approve: digest('b') },
      'Blocked',
      'SkewTooHigh',
    ],
    ['is Ready when its digest was approved', { digest: digest('a'), skew: '9', approve: digest('a') }, 'Ready', 'DatasetReady'],
  ];
  for (const [sentence, given, state, reason] of table) {
    test(sentence, () => {
      const found = stateOfDataset({
        name: 'digits',
        partition,
        work: undefined,
        digest: undefined,
        skew: undefined,
        samples: 1,
        ...given,
      });
      assert.deepEqual([found.state, found.why.reason], [state, reason]);
    });
  }
});

describe('overrides', () => {
  const [small, large] = [
    { cpu: '1', memory: '1Gi' },
    { cpu: '9', memory: '9Gi', gpus: 2 },
  ];
  const expert = { resources: small, params: { steps: 10, lr: 1 } };
  const placement = { islands: { matchLabels: { zone: 'a' } } };
  const of = (overrides: object[]) => expertTemplate(run({ expert, placement, overrides }), shard, settings);
  test('for other experts change nothing', () => {
    const { spec, demand } = of([{ experts: [0, 1], resources: large, params: { lr: 2 }, islands: {} }]);
    assert.deepEqual([spec.container.resources, spec.params, demand.matchLabels], [small, expert.params, { zone: 'a' }]);
  });
  test('replace resources and islands as a whole, and params by key', () => {
    const { spec, demand } = of([{ experts: [3], resources: large, params: { lr: 2 }, islands: { matchLabels: { gpu: 'x' } } }]);
    assert.deepEqual([spec.container.resources, spec.params], [large, { steps: 10, lr: 2 }]);
    assert.deepEqual([demand.gpus, demand.matchLabels], [2, { gpu: 'x' }]);
  });
  test('that come later win', () => {
    const { spec, demand } = of([
      { experts: [3], params: { lr: 2, a: 1 } },
      { experts: [2, 3], params: { lr: 3 }, islands: {} },
    ]);
    assert.deepEqual([spec.params, demand.matchLabels], [{ steps: 10, lr: 3, a: 1 }, {}]);
  });
  test('that name an expert that is not there are refused at the start', () => {
    const invalid = (index: number) => {
      const made = run({ overrides: [{ experts: [0] }, { experts: [1, index] }] });
      delete made.status;
      return invalidSpec(made, dataSet(), new Set(['default']));
    };
    assert.equal(invalid(3), undefined);
    assert.deepEqual(invalid(4), {
      reason: 'InvalidSpec',
      message: 'spec.overrides[1].experts has 4 and every index must be below 4, the experts of data set digits',
    });
  });
});
