/** The generated CRDs and policies in a real API server: what it takes, what it refuses, and in which words. */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { specSchema } from '../../src/api/crd.ts';
import { apiVersion } from '../../src/api/kind.ts';
import { kinds } from '../../src/api/kinds.ts';
import { badObjects } from './bad-objects.ts';
import { type Json, raw } from './builders.ts';
import { changes } from './changes.ts';
import { fieldChanges } from './field-changes.ts';
import { goodObjects } from './good-objects.ts';
import { Api } from './server.ts';
import { statusChanges } from './status-changes.ts';

let api: Api;
before(async () => {
  api = await Api.start();
});
after(async () => {
  await api[Symbol.asyncDispose]();
});

const specOf = (kind: string) => kinds.find((info) => info.kind === kind)?.spec;

describe('the API server takes', () => {
  for (const [sentence, kind, patch] of goodObjects) {
    test(`${sentence}, and fills in the defaults that the types promise`, async () => {
      const object = raw(kind, patch);
      const answer = await api.create(object, { dryRun: true });
      assert.equal(answer.status, 201, answer.message);
      assert.deepEqual(answer.body['spec'], specOf(kind)?.parse(object['spec']));
    });
  }
});

describe('the API server takes the example', async () => {
  const folder = new URL('../../manifests/', import.meta.url);
  for (const file of (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.yaml')).toSorted()) {
    const documents = parseAllDocuments(await readFile(new URL(file, folder), 'utf8'));
    const objects = documents
      .map((document) => document.toJS() as Json | null)
      .filter((object) => object?.['apiVersion'] === apiVersion);
    for (const object of objects) {
      test(`${String(object?.['kind'])} of manifests/${file}`, async () => {
        const metadata = { ...(object?.['metadata'] as Json), namespace: 'default' };
        const answer = await api.create({ ...object, metadata }, { dryRun: true });
        assert.equal(answer.status, 201, answer.message);
      });
    }
  }
});

describe('the API server refuses', () => {
  for (const [sentence, kind, patch, ...words] of badObjects) {
    test(`${kind}: ${sentence}, saying ${words.join(' … ')}`, async () => {
      const answer = await api.create(raw(kind, patch), { dryRun: true });
      assert.ok(answer.status === 422 || answer.status === 400, `${answer.status} ${answer.message}`);
      for (const word of words) assert.ok(answer.message.includes(word), answer.message);
    });
  }
});

/** Makes the object for real, once a case: the name tells cases apart. */
async function made(kind: Parameters<typeof raw>[0], patch: Json, index: string): Promise<Json> {
  const object = raw(kind, { ...patch, metadata: { name: `case-${index}` } });
  const answer = await api.create(object);
  assert.equal(answer.status, 201, answer.message);
  return object;
}

describe('of an object that exists', () => {
  for (const [index, { sentence, kind, from, to, words }] of changes.entries()) {
    test(`${kind}: ${sentence} ${words === undefined ? 'is taken' : `is refused, saying ${words.join(' … ')}`}`, async () => {
      const answer = await api.patch(await made(kind, from, `c${index}`), to);
      assert.equal(answer.status, words === undefined ? 200 : 422, answer.message);
      for (const word of words ?? []) assert.ok(answer.message.includes(word), answer.message);
    });
  }
});

describe('every single field', () => {
  for (const [kind, name, instead] of [
    ['ExpertDataset', 'every-field', 'make a new ExpertDataset'],
    ['ExpertTraining', 'every-field', 'make a new ExpertTraining'],
    ['IslandJob', 'every-field', 'the hub makes a new placement'],
  ] as const) {
    test(`of an ${kind} is refused by name when it is changed or removed, unless it may change`, async () => {
      const [, , patch] =
        goodObjects.find((row) => row[1] === kind && row[2]['metadata'] && (row[2]['metadata'] as Json)['name'] === name) ??
        assert.fail();
      const object = await made(kind, patch, `every-${kind.toLowerCase()}`);
      const info = kinds.find((one) => one.kind === kind) ?? assert.fail();
      const tried = fieldChanges(specSchema(info).schema, object['spec'] as Json);
      assert.ok(tried.length > 40);
      for (const { path, patch: spec } of tried) {
        const live = Object.keys(info.freeze.live).some((allowed) => path === allowed || path.startsWith(`${allowed}.`));
        const { message } = await api.patch(object, { spec }, '', { dryRun: true });
        if (live) assert.ok(!message.includes(`spec.${path} `) || !message.includes('after creation'), message);
        else assert.ok(message.includes(`spec.${path}`) && message.includes(instead), `${path}: ${message}`);
      }
    });
  }
});

describe('in a status', () => {
  for (const [index, { sentence, kind, from, to, words }] of statusChanges.entries()) {
    test(`${kind}: ${sentence} ${words === undefined ? 'is taken' : `is refused, saying ${words.join(' … ')}`}`, async () => {
      const object = await made(kind, {}, `s${index}`);
      const first = await api.patch(object, { status: from }, '/status');
      assert.equal(first.status, 200, first.message);
      const answer = await api.patch(object, { status: to }, '/status');
      assert.equal(answer.status, words === undefined ? 200 : 422, answer.message);
      for (const word of words ?? []) assert.ok(answer.message.includes(word), answer.message);
    });
  }
});
