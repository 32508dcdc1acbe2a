/** What the hub accepts as a result, and with which words it refuses the rest. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IslandJob } from '../../src/api/islandjob.ts';
import { digestOf, encodeManifest, type Manifest, manifestSchema } from '../../src/api/manifest.ts';
import { verifyOutput } from '../../src/hub/verify.ts';
import { StoreRefusedError, StoreUnavailableError } from '../../src/store/errors.ts';
import { MemoryStore } from '../store/memory-store.ts';
import { checkpoint, digest, job } from './builders.ts';

const folder = `${job(2).spec.output.prefix}p2a3/final/`;
const input = { name: 'dataset', store: 'default', manifest: 'd/manifest.json', digest: digest('d') };

interface Case {
  job?: Partial<IslandJob['spec']>;
  manifest?: Partial<Manifest>;
  output?: Partial<ReturnType<typeof checkpoint>>;
  damage?: (store: MemoryStore) => void;
}

async function verify({ job: spec, manifest, output, damage }: Case) {
  const store = new MemoryStore();
  const base = job(2, {}, { inputs: [input], ...spec });
  const whole: Manifest = {
    schema: manifestSchema,
    work: { ...base.spec.work, role: base.spec.role },
    placement: 2,
    attempt: 3,
    step: 40,
    samples: 640,
    kind: 'Export',
    final: true,
    files: [
      { path: 'config.json', size: 2, sha256: '0'.repeat(64) },
      { path: 'model.safetensors', size: 4, sha256: '1'.repeat(64) },
    ],
    inputs: [{ name: 'dataset', manifest: input.manifest, digest: input.digest }],
    image: 'ddm',
    metrics: {},
    ...manifest,
  };
  const encoded = encodeManifest(whole);
  store.objects.set(`${folder}manifest.json`, encoded.bytes);
  for (const { path, size } of whole.files) store.objects.set(`${folder}${path}`, new Uint8Array(size));
  damage?.(store);
  base.status = {
    ...(base.status as NonNullable<IslandJob['status']>),
    state: 'Succeeded',
    output: checkpoint({
      manifest: `${folder}manifest.json`,
      digest: encoded.digest,
      attempt: 3,
      final: true,
      kind: 'Export',
      ...output,
    }),
  };
  return verifyOutput(base, store, new AbortController().signal);
}

test('a whole result is accepted with its size, step and samples', async () => {
  const found = await verify({});
  assert.equal(found.result, 'Verified');
  const { digest: _, ...accepted } = found.result === 'Verified' ? found.accepted : { digest: '' };
  assert.deepEqual(accepted, { manifest: `${folder}manifest.json`, attempt: 3, step: 40, samples: 640, bytes: 6 });
});

const work = job(2).spec.work;
const shards = [{ index: 0, samples: 1 }];
const partition = { method: 'Random' as const, experts: 4, samples: 4, heldOut: 0, skew: 1, shards };
const isPartition = { role: 'Partition' as const };
const refused: [sentence: string, what: Case, message: RegExp][] = [
  [
    'a manifest that is not there',
    { damage: (store) => store.objects.delete(`${folder}manifest.json`) },
    /there is no object .*manifest.json/,
  ],
  [
    'a manifest that is too large to be one',
    { damage: (store) => store.objects.set(`${folder}manifest.json`, new Uint8Array(70_000_000)) },
    /it has 70000000 bytes, at most/,
  ],
  ['a result of another attempt than it says', { output: { attempt: 2 } }, /was written by attempt 3, not 2/],
  ['a manifest with one bit changed', { damage: (store) => flip(store) }, /its digest is sha256:.*, not sha256:/],
  [
    'a manifest of another schema',
    {
      damage: (store) => store.objects.set(`${folder}manifest.json`, new TextEncoder().encode('{}')),
      output: { digest: digestOf('{}') },
    },
    /cannot accept it/,
  ],
  [
    'a missing file',
    { damage: (store) => store.objects.delete(`${folder}config.json`) },
    /config.json is listed in the manifest and missing/,
  ],
  [
    'a file cut short',
    { damage: (store) => store.objects.set(`${folder}model.safetensors`, new Uint8Array(3)) },
    /model.safetensors has 3 bytes in the store, the manifest says 4/,
  ],
  [
    'a result of another run',
    { manifest: { work: { ...work, role: 'Expert', owner: { ...work.owner, uid: 'x' } } } },
    /work.owner.uid is "x" and must be "run-uid"/,
  ],
  ['a result of another expert', { manifest: { work: { ...work, role: 'Expert', index: 1 } } }, /work.index is 1 and must be 0/],
  ['a result of another role', { manifest: { work: { ...work, role: 'Router' } } }, /work.role is "Router" and must be "Expert"/],
  ['a result of another K', { manifest: { work: { ...work, role: 'Expert', experts: 8 } } }, /work.experts is 8 and must be 4/],
  ['a result of another placement', { manifest: { placement: 1 } }, /placement is 1 and must be 2/],
  ['a result of another attempt', { manifest: { attempt: 1 } }, /attempt is 1 and must be 3/],
  ['a checkpoint that is not final', { manifest: { final: false } }, /final is false and must be true/],
  [
    'a key of an older placement',
    { output: { manifest: folder.replace('p2a3', 'p1a3') + 'manifest.json' } },
    /was written by placement 1, the current one is 2/,
  ],
  [
    'a key outside the prefix of the work',
    { output: { manifest: 'elsewhere/p2a3/final/manifest.json' } },
    /is not a manifest below/,
  ],
  [
    'a key of a checkpoint',
    { output: { manifest: folder.replace('final', 'step-00000010') + 'manifest.json' } },
    /is a checkpoint and not a final result/,
  ],
  [
    'a result made from another data set',
    { manifest: { inputs: [{ name: 'dataset', manifest: input.manifest, digest: digest('e') }] } },
    /its input dataset has the digest/,
  ],
  ['a result that hides an input', { manifest: { inputs: [] } }, /does not name the input dataset/],
  [
    'a result with a foreign input',
    { manifest: { inputs: [{ name: 'other', manifest: 'o', digest: digest('e') }] } },
    /names an input other that/,
  ],
  [
    'a partition that does not say how it cut',
    { job: isPartition, manifest: { work: { ...work, role: 'Partition' } } },
    /has no field partition/,
  ],
  [
    'a partition that lacks shards',
    { job: isPartition, manifest: { work: { ...work, role: 'Partition' }, partition } },
    /lists no file below shards\/000\/|has 0 entries of index 1/,
  ],
  [
    'a partition of another K',
    { job: isPartition, manifest: { work: { ...work, role: 'Partition' }, partition: { ...partition, experts: 2 } } },
    /partition.experts is 2 and must be 4/,
  ],
];
for (const [sentence, what, message] of refused) {
  test(`${sentence} is refused`, async () => {
    const found = await verify(what);
    assert.equal(found.result, 'Refused');
    assert.equal(found.result === 'Refused' && found.reason, 'ManifestInvalid');
    assert.match(found.result === 'Refused' ? found.message : '', message);
  });
}

for (const error of [
  new StoreUnavailableError('get', 'k', 'no answer'),
  new StoreRefusedError('get', 'k', 'AccessDenied', 'no'),
]) {
  test(`a store that throws ${error.name} decides nothing`, async () => {
    const found = await verify({
      damage: (store) => {
        store.faults.before = (operation) => {
          if (operation === 'head') throw error;
        };
      },
    });
    assert.deepEqual([found.result, found.result === 'Unknown' && found.reason], ['Unknown', 'StoreUnreachable']);
  });
}

function flip(store: MemoryStore): void {
  const bytes = store.objects.get(`${folder}manifest.json`);
  if (bytes) bytes[10] = (bytes[10] ?? 0) ^ 1;
}

test('a success without an output is none', async () => {
  const found = await verifyOutput(job(2, { state: 'Succeeded' }), new MemoryStore(), new AbortController().signal);
  assert.deepEqual(found, {
    result: 'Refused',
    reason: 'ManifestInvalid',
    message: 'IslandJob job-p2 says Succeeded and names no output',
  });
});
