/** Bad inputs that lie in the store: manifests that are none, files that are not what their manifest says, broken safetensors. */
import { canonicalJson, decodeManifest, digestOf, manifestSchema } from '../../src/api/manifest.ts';
import { expectIdentity, readManifest, verifyFiles } from '../../src/store/manifests.ts';
import { SafetensorsInspector } from '../../src/store/safetensors.ts';
import { MemoryStore } from '../store/memory-store.ts';
import type { BadInput } from './table.ts';

const work = {
  namespace: 'research',
  owner: { kind: 'ExpertTraining' as const, name: 'digits', uid: '11111111' },
  training: 'digits',
  index: 0,
  experts: 4,
  role: 'Expert' as const,
};
const KEY = 'atoll/e/p1a1/final/manifest.json';
const file = (path: string, body = 'abc', over: object = {}) => ({
  path,
  size: body.length,
  sha256: digestOf(body).slice('sha256:'.length),
  ...over,
});

function manifestWith(over: object): string {
  const files = [file('model')];
  const numbers = { placement: 1, attempt: 1, step: 1, kind: 'Export', final: true };
  return canonicalJson({ schema: manifestSchema, work, ...numbers, files, inputs: [], image: 'x', metrics: {}, ...over });
}

/** Read as a restore reads it: manifest, identity, then every file. */
async function restored(over: object, stored = 'abc'): Promise<unknown> {
  const store = new MemoryStore();
  await store.put(KEY, manifestWith(over));
  if (stored !== '') await store.put('atoll/e/p1a1/final/model', stored);
  const found = await readManifest(store, KEY);
  expectIdentity(found, { work, placement: 1, attempt: 1 });
  await verifyFiles(store, found);
  return 'it was taken';
}

const decoded = (text: string, digest = digestOf(text)) => decodeManifest(Buffer.from(text), digest);

function safetensors(header: unknown, data = 4, length?: bigint): unknown {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(length ?? BigInt(json.length));
  const bytes = Buffer.concat([size, json, Buffer.alloc(data)]);
  const inspector = new SafetensorsInspector('model.safetensors', bytes.length, { finite: true });
  inspector.update(bytes);
  inspector.end();
  return 'it was taken';
}

const tensor = (shape: number[], begin: number, end: number) => ({ dtype: 'F32', shape, data_offsets: [begin, end] });

export const storedInputs: readonly BadInput[] = [
  {
    number: 40,
    input: 'a file that is shorter than its manifest says',
    caught: 'S',
    words: ['final/model', 'bytes'],
    said: () => restored({}, 'ab'),
  },
  { number: 40, input: 'a file that is not there', caught: 'S', words: ['final/model'], said: () => restored({}, '') },
  {
    number: 41,
    input: 'a file with one other byte',
    caught: 'S',
    words: ['final/model', 'SHA-256'],
    said: () => restored({}, 'abd'),
  },
  { number: 42, input: 'a manifest that is no JSON', caught: 'S', words: ['JSON'], said: () => decoded('{"schema":') },
  {
    number: 42,
    input: 'a manifest with another digest than its name',
    caught: 'S',
    words: ['cannot trust the manifest: its digest is sha256:'],
    said: () => decoded(manifestWith({}), digestOf('other')),
  },
  {
    number: 43,
    input: 'a file that leaves its folder',
    caught: 'S',
    words: ['relative path without'],
    said: () => restored({ files: [file('../up')] }),
  },
  {
    number: 43,
    input: 'a file with a backslash',
    caught: 'S',
    words: ['backslashes'],
    said: () => restored({ files: [file('a\\b')] }),
  },
  {
    number: 44,
    input: 'a file that is listed twice',
    caught: 'S',
    words: ['sorted by path, each path once'],
    said: () => restored({ files: [file('a'), file('a')] }),
  },
  {
    number: 45,
    input: 'a manifest of another expert',
    caught: 'S',
    words: ['names another work, placement or attempt than its key'],
    said: () => restored({ work: { ...work, index: 1 } }),
  },
  {
    number: 47,
    input: 'a safetensors header that is longer than its file',
    caught: 'S',
    words: ['model.safetensors'],
    said: () => safetensors('{}', 0, 99n),
  },
  {
    number: 47,
    input: 'a safetensors header of a terabyte',
    caught: 'S',
    words: ['header would have'],
    said: () => safetensors('{}', 0, 2n ** 40n),
  },
  {
    number: 47,
    input: 'a safetensors header that is no object',
    caught: 'S',
    words: ['not a JSON object'],
    said: () => safetensors('[1]', 0),
  },
  {
    number: 47,
    input: 'safetensors with a hole',
    caught: 'S',
    words: ['begins at 4, expected 0'],
    said: () => safetensors({ w: tensor([1], 4, 8) }, 8),
  },
  {
    number: 50,
    input: 'a tensor whose size no number holds',
    caught: 'S',
    words: ['its shape asks for'],
    said: () => safetensors({ w: tensor([2 ** 31, 2 ** 31], 0, 4) }),
  },
];
