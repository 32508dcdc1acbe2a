/** The zod schemas by themselves: defaults, and what they refuse at the edges where no API server stands. */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import type { z } from 'zod';
import { checkpointFile, decimalText, progressLine, publishedFile, trainerSpec } from '../../src/api/contract.ts';
import { courierConfig, courierReport, courierResult } from '../../src/api/courier.ts';
import { displayDuration, parseDuration } from '../../src/api/duration.ts';
import { kinds } from '../../src/api/kinds.ts';
import { failureClasses, reasonNames, reasons } from '../../src/api/reasons.ts';
import { storeConfig } from '../../src/api/stores.ts';
import { badObjects } from './bad-objects.ts';
import { at, digest, raw, uid } from './builders.ts';
import { goodObjects } from './good-objects.ts';

const specOf = (kind: string) => kinds.find((info) => info.kind === kind)?.spec;

describe('the schemas of the kinds', () => {
  for (const [sentence, kind, patch] of goodObjects) {
    test(`take ${kind}: ${sentence}`, () => {
      const spec = specOf(kind)?.parse(raw(kind, patch)['spec']);
      assert.deepEqual(specOf(kind)?.parse(spec), spec, 'parsing again changes nothing');
    });
  }

  // What only CEL knows is left to the API server; types, bounds and patterns are checked here too.
  const said = /Required value|greater than|less than|must be of type|must have at most|such as|lower-case hexadecimal/;
  for (const [sentence, kind, patch, ...words] of badObjects) {
    if (!said.test(words.join(' ')) || words[0] === 'metadata.name') continue;
    test(`refuse ${kind}: ${sentence}`, () => {
      assert.equal(specOf(kind)?.safeParse(raw(kind, patch)['spec']).success, false);
    });
  }

  for (const { kind, status } of kinds) {
    test(`fill an empty status of ${kind} with a state and zeros`, () => {
      const filled = status.parse({}) as { state: string; conditions: unknown[] };
      assert.ok(['Pending', 'Waiting', 'NotReady'].includes(filled.state));
      assert.deepEqual(filled.conditions, []);
    });
  }
});

const work = {
  namespace: 'research',
  owner: { kind: 'ExpertTraining', name: 'digits', uid: uid() },
  training: 'digits',
  index: 3,
  experts: 4,
};
const input = { name: 'dataset', manifest: 'a/manifest.json', digest: digest() };
const spec = {
  contract: 'atoll.dev/contract/v1',
  role: 'Expert',
  work,
  placement: 1,
  attempt: 1,
  seed: 0,
  threads: 1,
  params: { steps: 2000, nested: { any: [1, 2.5] } },
  inputs: [input],
  grace: { saveSeconds: 60 },
};
const checkpoint = {
  contract: 'atoll.dev/contract/v1',
  step: 1000,
  samples: 64000,
  kind: 'Resumable',
  final: false,
  metrics: { loss: 0.28 },
};
const published = {
  manifest: 'a/manifest.json',
  digest: digest(),
  step: 5,
  bytes: 1,
  kind: 'Export',
  final: true,
  at,
  attempt: 1,
};
const config = {
  attempt: { islandJob: 'digits-11111111-e003-p1', uid: uid(), work: { ...work, role: 'Expert' }, placement: 1, attempt: 2 },
  image: 'registry.example/trainer:1',
  stores: [{ name: 'default', endpoint: 'http://10.0.0.1:7070', region: 'us-east-1', bucket: 'atoll', pathStyle: true }],
  inputs: [{ ...input, store: 'default', include: ['shards/003/'] }],
  output: { store: 'default', prefix: 'atoll/research.digits.11111111/experts/003/' },
  resume: [{ manifest: 'b/manifest.json', digest: digest('b') }],
  quarantined: [],
  checkpoint: { keep: 2 },
  deletions: 'WhileHeard',
  grace: { saveSeconds: 60, publishSeconds: 600 },
  progress: { port: 9464, tokenSha256: 'a'.repeat(64) },
};
const report = { phase: 'Running', progress: { step: 1, at }, pending: 0, at };

const edges: [name: string, schema: z.ZodType, good: unknown, bad: [sentence: string, patch: Record<string, unknown>][]][] = [
  [
    'spec.json',
    trainerSpec,
    spec,
    [
      ['another contract', { contract: 'atoll.dev/contract/v2' }],
      ['an unknown role', { role: 'Sample' }],
      ['no thread', { threads: 0 }],
      ['placement zero', { placement: 0 }],
    ],
  ],
  [
    'checkpoint.json',
    checkpointFile,
    checkpoint,
    [
      ['a negative step', { step: -1 }],
      ['half a step', { step: 0.5 }],
      ['an unknown kind', { kind: 'Weights' }],
      ['a metric that is no number', { metrics: { loss: 'low' } }],
      ['a metric that is infinite', { metrics: { loss: Number.POSITIVE_INFINITY } }],
      ['a partition without shards', { partition: { method: 'Random', experts: 4, samples: 1, heldOut: 0, skew: 1 } }],
    ],
  ],
  ['published.json', publishedFile, { manifest: 'a', digest: digest() }, [['a short digest', { digest: 'sha256:ab' }]]],
  [
    'a line of progress',
    progressLine,
    { step: 12, steps: 2000, loss: 0.31, samplesPerSecond: 812, own: 'key' },
    [
      ['no step', { step: undefined }],
      ['a step in words', { step: 'one' }],
    ],
  ],
  [
    'courier.json',
    courierConfig,
    config,
    [
      ['no store', { stores: [] }],
      ['a token that is not hashed', { progress: { port: 1, tokenSha256: 'secret' } }],
      ['attempt zero', { attempt: { ...config.attempt, attempt: 0 } }],
      ['an endpoint that is a file', { stores: [{ name: 'a', bucket: 'abc', endpoint: 'file:///etc' }] }],
    ],
  ],
  [
    'a result of the courier',
    courierResult,
    { v: 1, reason: 'Published', step: 5, checkpoint: published, final: published, skipped: ['a'], message: 'm' },
    [
      ['an unknown reason', { reason: 'Fine' }],
      ['a message of 301 characters', { message: 'x'.repeat(301) }],
      ['four skipped manifests', { skipped: ['a', 'b', 'c', 'd'] }],
      ['another version', { v: 2 }],
    ],
  ],
  ['a report of the courier', courierReport, report, [['an unknown phase', { phase: 'Resting' }]]],
  [
    'a store',
    storeConfig,
    { name: 'default', region: 'us-east-1', bucket: 'atoll', pathStyle: false },
    [
      ['no bucket', { bucket: undefined }],
      ['a name in capitals', { name: 'Default' }],
    ],
  ],
];

describe('the files and messages between the pieces', () => {
  for (const [name, schema, good, bad] of edges) {
    test(`${name} passes unchanged`, () => assert.deepEqual(schema.parse(good), good));
    for (const [sentence, patch] of bad) {
      test(`${name} with ${sentence} is refused`, () => {
        assert.equal(schema.safeParse({ ...(good as object), ...patch }).success, false);
      });
    }
  }
});

describe('durations', () => {
  const cases: [text: string, ms: number][] = [
    ['10s', 10_000],
    ['1h30m', 5_400_000],
    ['500ms', 500],
    ['72h', 259_200_000],
    ['1h2m3s4ms', 3_723_004],
    ['0s', 0],
    ['90m', 5_400_000],
  ];
  for (const [text, ms] of cases) test(`${text} is ${ms} ms`, () => assert.equal(parseDuration(text), ms));
  for (const text of ['', '10', 's', '1d', '1.5h', '-1s', '10s1m', ' 1s', '1 s']) {
    test(`"${text}" is none`, () => assert.throws(() => parseDuration(text), /cannot read the duration/));
  }
  const shown: [ms: number, text: string][] = [
    [0, '0s'],
    [-5, '0s'],
    [119_000, '119s'],
    [150_000, '3m'],
    [3_600_000, '1h'],
    [3_900_000, '1h5m'],
    [200_000_000, '2d8h'],
    [259_200_000, '3d'],
  ];
  for (const [ms, text] of shown) test(`${ms} ms is shown as ${text}`, () => assert.equal(displayDuration(ms), text));
});

test('floats become decimal text of at most six digits', () => {
  assert.deepEqual([0.28, 812, 1 / 3, 1234567.8, 0].map(decimalText), ['0.28', '812', '0.333333', '1234570', '0']);
  assert.throws(() => decimalText(Number.NaN), /cannot write NaN/);
});

test('every reason is one word in CamelCase with one sentence, and every failure class is a reason', () => {
  for (const name of reasonNames) {
    assert.match(name, /^([A-Z][a-z]+)+$/);
    assert.match(reasons[name], /^[A-Z].*\.$/);
  }
  for (const name of failureClasses) assert.ok(name in reasons);
});

test('every reason is given by something', async () => {
  const folder = new URL('../../src/', import.meta.url);
  const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith('.ts') && file !== 'api/reasons.ts');
  const sources = (await Promise.all(files.map((file) => readFile(new URL(file, folder), 'utf8')))).join('\n');
  assert.deepEqual(
    reasonNames.filter((name) => !sources.includes(`'${name}'`)),
    [],
  );
});
