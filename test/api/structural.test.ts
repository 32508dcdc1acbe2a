/** Lowering of zod schemas to structural schemas: what comes out, and what is refused before the API server would. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { z } from 'zod';
import { duration, freeForm, int, keyed, list, map, matching, rules, text, time } from '../../src/api/fields.ts';
import { freeze } from '../../src/api/frozen.ts';
import { lower } from '../../src/api/structural.ts';

const described = <T extends z.ZodType>(schema: T) => schema.describe('d');

describe('lowering gives', () => {
  const cases: [sentence: string, schema: z.ZodType, lowered: unknown][] = [
    ['a bounded string', text(5), { type: 'string', maxLength: 5 }],
    ['an enum without a length', z.enum(['A', 'B']), { type: 'string', enum: ['A', 'B'] }],
    ['an integer with its bounds', int(1, 256), { type: 'integer', minimum: 1, maximum: 256 }],
    ['a boolean', z.boolean(), { type: 'boolean' }],
    ['a time', time(), { type: 'string', format: 'date-time', maxLength: 40 }],
    ['a list', list(text(3), 2), { type: 'array', maxItems: 2, items: { type: 'string', maxLength: 3 } }],
    [
      'a list that merges by key',
      keyed(z.object({ name: described(text(3)) }), 2, ['name']),
      {
        type: 'array',
        maxItems: 2,
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['name'],
        items: { type: 'object', required: ['name'], properties: { name: { type: 'string', maxLength: 3, description: 'd' } } },
      },
    ],
    ['a map', map(text(3), 2), { type: 'object', maxProperties: 2, additionalProperties: { type: 'string', maxLength: 3 } }],
    ['a free-form object', freeForm(), { type: 'object', maxProperties: 256, 'x-kubernetes-preserve-unknown-fields': true }],
    [
      'a pattern with words as a CEL rule',
      matching(/^a'\.$/, 5, 'must be words'),
      {
        type: 'string',
        minLength: 1,
        maxLength: 5,
        'x-kubernetes-validations': [{ rule: "self.matches('^a\\'\\\\.$')", message: 'must be words' }],
      },
    ],
    ['a pattern without words as it is', text(5).regex(/^a$/), { type: 'string', maxLength: 5, pattern: '^a$' }],
    [
      'fields that are required, optional and defaulted',
      z.object({ a: described(text(1)), b: described(text(1)).optional(), c: described(text(1).default('x')) }),
      {
        type: 'object',
        required: ['a'],
        properties: {
          a: { type: 'string', maxLength: 1, description: 'd' },
          b: { type: 'string', maxLength: 1, description: 'd' },
          c: { type: 'string', maxLength: 1, description: 'd', default: 'x' },
        },
      },
    ],
    [
      'a strict object like any other, for the API server prunes',
      z.strictObject({ a: described(text(1)) }),
      { type: 'object', required: ['a'], properties: { a: { type: 'string', maxLength: 1, description: 'd' } } },
    ],
  ];
  for (const [sentence, schema, lowered] of cases) {
    test(sentence, () => assert.deepEqual(lower(schema, 'Thing'), lowered));
  }

  test('a default object with the defaults inside it, which the API server checks before it fills them in', () => {
    const inner = z.object({ a: described(z.object({ b: described(int(0, 9).default(1)) }).prefault({})) });
    const lowered = lower(z.object({ inner: described(inner.prefault({})) }), 'Thing');
    assert.deepEqual(lowered.properties?.['inner']?.default, { a: { b: 1 } });
  });

  test('rules of a schema together with those of its pattern', () => {
    const schema = duration().meta({ ...duration().meta(), ...rules({ rule: 'size(self) < 9', message: 'too long' }) });
    assert.equal(lower(schema, 'Thing')['x-kubernetes-validations']?.length, 2);
  });
});

describe('lowering refuses', () => {
  const object = (field: z.ZodType) => z.object({ field: described(field) });
  const cases: [sentence: string, schema: z.ZodType, words: RegExp][] = [
    ['a float', object(z.number()), /Thing\.field: type "number".*write numbers that are not whole as text/],
    [
      'a union',
      object(z.union([text(1), z.boolean()])),
      /Thing\.field: "anyOf" is not structural; use optional members and a CEL rule/,
    ],
    [
      'a discriminated union',
      object(z.discriminatedUnion('a', [z.object({ a: z.literal('x') })])),
      /Thing\.field: "(oneOf|anyOf)"/,
    ],
    ['an intersection', object(z.intersection(text(1), text(2))), /Thing\.field: "allOf"/],
    ['null', object(text(1).nullable()), /Thing\.field: "nullable"/],
    ['anything at all', object(z.unknown()), /Thing\.field: type undefined/],
    ['a tuple', object(z.tuple([text(1)])), /Thing\.field/],
    ['a string without a bound', object(z.string()), /Thing\.field: a string needs a largest length; add \.max\(n\)/],
    ['a list without a bound', object(z.array(text(1))), /Thing\.field: a list needs a largest length/],
    ['a list of strings without a bound', object(z.array(z.string()).max(1)), /Thing\.field\[\]: a string needs/],
    ['a map without a bound', object(z.record(z.string(), text(1))), /Thing\.field: a map needs a largest size/],
    [
      'a map of anything',
      object(z.record(z.string(), z.unknown())),
      /Thing\.field: a map needs a typed value; for free-form objects use freeForm/,
    ],
    [
      'fields beside further keys',
      object(z.looseObject({ a: described(text(1)) })),
      /Thing\.field: fields and further keys exclude each other/,
    ],
    ['a field without a description', z.object({ field: text(1) }), /Thing\.field: it needs \.describe\(\)/],
    ['such a field deep inside', object(list(z.object({ deep: text(1) }), 1)), /Thing\.field\[\]\.deep: it needs \.describe\(\)/],
    [
      'a recursive schema',
      object(z.lazy((): z.ZodType => z.object({ a: z.array(recursive).max(1).describe('d') }))),
      /Thing: "definitions"/,
    ],
  ];
  const recursive: z.ZodType = z.lazy(() => z.object({ a: z.array(recursive).max(1).describe('d') }));
  for (const [sentence, schema, words] of cases) {
    test(sentence, () => assert.throws(() => lower(schema, 'Thing'), words));
  }
});

describe('freezing', () => {
  const schema = () =>
    lower(
      z.object({
        a: described(text(3)),
        b: described(text(3)).optional(),
        c: described(z.object({ namespace: described(int(0, 9)).optional(), live: described(int(0, 9)).optional() })).optional(),
        d: described(freeForm()).optional(),
        e: described(list(text(1), 2)).optional(),
      }),
      'Thing',
    );

  test('gives one rule for each field that may not change, at the object that holds it', () => {
    const lowered = schema();
    freeze(lowered, { live: { 'c.live': 'at any time' }, instead: 'make another' });
    const paths = (node: typeof lowered | undefined) => node?.['x-kubernetes-validations']?.map((rule) => rule.fieldPath);
    assert.deepEqual(paths(lowered), ['.a', '.b', '.c', '.e']);
    assert.deepEqual(paths(lowered.properties?.['c']), ['.namespace']);
  });

  test('ends every description with whether the field may change', () => {
    const lowered = schema();
    freeze(lowered, { live: { 'c.live': 'at any time' }, instead: 'make another' });
    assert.equal(lowered.properties?.['a']?.description, 'd Immutable.');
    assert.equal(lowered.properties?.['c']?.description, 'd');
    assert.equal(lowered.properties?.['c']?.properties?.['live']?.description, 'd May change at any time.');
  });

  test('spells words of the language as CEL wants them', () => {
    const lowered = schema();
    freeze(lowered, { live: {}, instead: 'make another' });
    assert.match(lowered.properties?.['c']?.['x-kubernetes-validations']?.[0]?.rule ?? '', /self\.__namespace__/);
  });

  test('hands back the free-form fields, which only an admission policy can guard', () => {
    assert.deepEqual(freeze(schema(), { live: {}, instead: 'make another' }), [{ path: 'd', list: false }]);
  });
  test('hands back lists of objects that hold free-form fields', () => {
    const item = z.object({ free: freeForm().optional().describe('d') });
    const lists = lower(z.object({ l: list(item, 3).describe('d'), m: list(text(3), 3).describe('d') }), 'x');
    assert.deepEqual(freeze(lists, { live: {}, instead: 'make another' }), [{ path: 'l', list: true }]);
  });
});
