/** What is declared beside the schemas: columns, selectable fields, changeable fields and the size of what users apply. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { crd } from '../../src/api/crd.ts';
import { generated } from '../../src/api/generate.ts';
import { kinds } from '../../src/api/kinds.ts';
import { lower, type Structural } from '../../src/api/structural.ts';

/** The field at a simple JSON path such as `.status.display.eta`. */
function field(root: Structural, path: string): Structural | undefined {
  const steps = path
    .replace(/\[.*?\]/g, '.0')
    .split('.')
    .slice(1);
  return steps.reduce<Structural | undefined>((at, step) => (step === '0' ? at?.items : at?.properties?.[step]), root);
}

for (const kind of kinds) {
  const root: Structural = {
    type: 'object',
    properties: {
      metadata: { type: 'object', properties: { creationTimestamp: { type: 'string', format: 'date-time' } } },
      spec: lower(kind.spec, 'spec'),
      status: lower(kind.status, 'status'),
    },
  };
  describe(kind.kind, () => {
    test('has columns of fields that exist, with their types', () => {
      for (const { name, path, type } of kind.columns) {
        const found = field(root, path);
        const shown = found?.format === 'date-time' ? 'date' : found?.type;
        assert.equal(shown, type, `${name} ${path}`);
      }
    });

    test('has at most nine columns by default, Age as the last of them', () => {
      const shown = kind.columns.filter((column) => !column.wide).map((column) => column.name);
      assert.ok(shown.length <= 9, shown.join(' '));
      assert.equal(shown.at(-1), 'Age');
    });

    test('lets people select by fields that exist', () => {
      for (const path of kind.selectable)
        assert.ok(['string', 'integer', 'boolean'].includes(field(root, path)?.type ?? ''), path);
    });

    test('names changeable fields that exist', () => {
      for (const path of Object.keys(kind.freeze.live)) assert.ok(field(root, `.spec.${path}`), path);
    });

    test('stays below the 256 KiB that kubectl apply keeps in an annotation', () => {
      assert.ok(JSON.stringify(crd(kind)).length < 256 * 1024 * 0.9);
    });
  });
}

test('no short name, plural or category is one of Kubernetes itself', () => {
  const taken = new Set([
    'all',
    'cm',
    'cs',
    'deploy',
    'ds',
    'ep',
    'ev',
    'hpa',
    'ing',
    'limits',
    'netpol',
    'no',
    'ns',
    'pdb',
    'po',
    'pv',
    'pvc',
    'quota',
    'rc',
    'rs',
    'sa',
    'sc',
    'sts',
    'svc',
  ]);
  const ours = kinds.flatMap((kind) => [...kind.shortNames, kind.singular, kind.plural]);
  assert.deepEqual(
    ours.filter((name) => taken.has(name)),
    [],
  );
  assert.equal(new Set(ours).size, ours.length);
});

test('the generated files hold no float, union or scale subresource', () => {
  for (const [path, content] of generated()) assert.doesNotMatch(content, /type: number|anyOf:|oneOf:|scale:/, path);
});
