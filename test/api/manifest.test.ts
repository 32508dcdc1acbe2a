/** Manifests: one canonical form, and a digest that only the same bytes have. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { canonicalJson, decodeManifest, digestOf, encodeManifest, type Manifest, manifest } from '../../src/api/manifest.ts';
import { digest, uid } from './builders.ts';

const sha256 = 'b'.repeat(64);
const made = (patch: Partial<Manifest> = {}): Manifest => ({
  schema: 'atoll.dev/manifest/v1',
  work: {
    namespace: 'research',
    owner: { kind: 'ExpertTraining', name: 'digits', uid: uid() },
    training: 'digits',
    role: 'Expert',
    index: 3,
    experts: 4,
  },
  placement: 2,
  attempt: 1,
  step: 1000,
  samples: 64_000,
  kind: 'Resumable',
  final: false,
  files: [{ path: 'state.safetensors', size: 10, sha256 }],
  inputs: [{ name: 'dataset', manifest: 'a/manifest.json', digest: digest() }],
  image: 'registry.example/trainer:1',
  metrics: { loss: 0.28 },
  ...patch,
});
const file = (path: string) => ({ path, size: 1, sha256 });

describe('canonical JSON', () => {
  test('sorts keys, leaves out spaces and what is undefined', () => {
    assert.equal(
      canonicalJson({ b: 1, a: [true, null, 'ü"'], c: undefined, A: { y: 0.5, x: -0 } }),
      '{"A":{"x":0,"y":0.5},"a":[true,null,"ü\\""],"b":1}',
    );
  });

  test('refuses what JSON cannot say', () => {
    assert.throws(() => canonicalJson({ a: Number.NaN }), /cannot write NaN as JSON/);
    assert.throws(() => canonicalJson([1n]), /cannot write a bigint as JSON/);
  });

  test('says the same as JSON, whatever the order of the keys', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const shuffled = Object.fromEntries(Object.entries(value).toReversed());
        assert.equal(canonicalJson(shuffled), canonicalJson(value));
        assert.deepEqual(JSON.parse(canonicalJson(value)), JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

describe('a manifest', () => {
  test('is read back as it was written, by its digest', () => {
    const { bytes, digest: name } = encodeManifest(made());
    assert.equal(name, digestOf(bytes));
    assert.deepEqual(decodeManifest(bytes, name), made());
  });

  test('has the same bytes whatever the order of its files and keys', () => {
    const files = [file('b'), file('a'), file('a/b')];
    const turned = Object.fromEntries(Object.entries(made({ files: files.toReversed() })).toReversed()) as Manifest;
    assert.deepEqual(encodeManifest(turned).bytes, encodeManifest(made({ files })).bytes);
  });

  test('is known: these bytes and this digest never change', () => {
    const { bytes, digest: name } = encodeManifest(made());
    assert.ok(new TextDecoder().decode(bytes).startsWith('{"attempt":1,"files":[{"path":"state.safetensors","sha256":"bbb'));
    assert.equal(name, 'sha256:58e177c0ddeb9081074875b02d94ac5c0e5ded5581c4419e3e4d0e9b0c9210f4');
  });

  test('with one bit turned is refused', () => {
    const { bytes, digest: name } = encodeManifest(made());
    const damaged = Uint8Array.from(bytes);
    damaged[20] = (damaged[20] ?? 0) ^ 1;
    assert.throws(
      () => decodeManifest(damaged, name),
      /cannot trust the manifest: its digest is sha256:[0-9a-f]{64}, not sha256:/,
    );
  });

  const paths = [
    '',
    '/etc/passwd',
    '../x',
    'a/../b',
    './a',
    'a//b',
    'a/',
    'a\\b',
    'a\nb',
    'a\u0000b',
    'manifest.json',
    'x'.repeat(513),
  ];
  for (const path of paths) {
    test(`does not list the path ${JSON.stringify(path.slice(0, 20))}`, () => {
      assert.equal(manifest.safeParse(made({ files: [file(path)] })).success, false);
    });
  }

  const bad: [sentence: string, patch: Record<string, unknown>][] = [
    ['no file', { files: [] }],
    ['a file twice', { files: [file('a'), file('a')] }],
    ['files out of order', { files: [file('b'), file('a')] }],
    ['another schema', { schema: 'atoll.dev/manifest/v2' }],
    ['attempt zero', { attempt: 0 }],
    ['a digest in capitals', { inputs: [{ name: 'a', manifest: 'a', digest: `sha256:${'A'.repeat(64)}` }] }],
  ];
  for (const [sentence, patch] of bad) {
    test(`with ${sentence} is none`, () => assert.equal(manifest.safeParse({ ...made(), ...patch }).success, false));
  }
});
