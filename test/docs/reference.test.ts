/** Nothing that a user meets is undocumented: fields, reasons, conditions, names, metrics, alerts, values, settings, files. */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { checkout } from '../../local/paths.ts';
import { contractFiles, fieldsOfFile, manifestFiles } from '../../local/reference/contract.ts';
import { settingFields, settingWords } from '../../local/reference/settings.ts';
import { chartValues, valuesIn } from '../../local/reference/values.ts';
import { conditionTypes, objectNames } from '../../local/reference/words.ts';
import { pages } from '../../local/reference.ts';
import { kinds } from '../../src/api/kinds.ts';
import * as written from '../../src/api/labels.ts';
import { reasonNames } from '../../src/api/reasons.ts';
import { alertGroups } from '../../src/metrics/alerts/table.ts';
import { knownSeries, metricGroups } from '../../src/metrics/table.ts';

const reference = new Map(await pages());
const textOf = (page: string) => reference.get(page) ?? assert.fail(`there is no page ${page}`);
const lacking = (page: string, names: readonly string[]) => names.filter((name) => !textOf(page).includes(name));
/** Paths without words. */
const undescribed = (paths: readonly string[], words: Readonly<Record<string, string>>) => paths.filter((path) => !words[path]);

describe('the reference', () => {
  it('has no empty description', () => {
    for (const [page, text] of reference)
      assert.deepEqual(
        text.split('\n').filter((line) => line.endsWith(' | — |')),
        [],
        page,
      );
  });

  it('has a page for each kind and every field of it', () => {
    for (const { kind, columns } of kinds)
      assert.deepEqual(
        lacking(
          `${kind.toLowerCase()}.md`,
          columns.map(({ name }) => name.toUpperCase()),
        ),
        [],
      );
  });

  it('has every reason, and every condition that Atoll sets', async () => {
    assert.deepEqual(
      lacking(
        'reasons.md',
        reasonNames.map((name) => `\`${name}\``),
      ),
      [],
    );
    const known = new Set(Object.values(conditionTypes).flatMap((types) => Object.keys(types)));
    assert.deepEqual(
      (await conditionsInCode()).filter((type) => !known.has(type)),
      [],
    );
  });

  it('has every label, annotation and finalizer, each with a comment in the source', async () => {
    const names = await objectNames();
    assert.deepEqual(
      names.filter(({ text }) => text === ''),
      [],
    );
    const { labels, annotations, islandAnnotations, requestAnnotations, finalizers } = written;
    const all = [labels, annotations, islandAnnotations, requestAnnotations, finalizers].flatMap((group): string[] =>
      Object.values(group),
    );
    assert.deepEqual(names.map(({ value }) => value).toSorted(), all.toSorted());
    assert.deepEqual(
      lacking(
        'names.md',
        all.map((name) => `\`${name}\``),
      ),
      [],
    );
  });

  it('has every metric and every alert', () => {
    const histogram = /_(bucket|sum|count)$/;
    const bare = [...knownSeries().keys()].filter((name) => !histogram.test(name));
    const rows = metricGroups.flatMap((group) => group.rows.map(({ name }) => name));
    assert.deepEqual(
      lacking(
        'metrics.md',
        [...bare, ...rows].map((name) => `\`${name}\``),
      ),
      [],
    );
    assert.deepEqual(
      lacking(
        'alerts.md',
        alertGroups.flatMap((group) => group.alerts.map(({ name }) => `[${name}]`)),
      ),
      [],
    );
  });

  it('has every value of the chart, each with a comment above it', async () => {
    const values = (await chartValues()).filter(({ path }) => !path.startsWith('metrics.rules.alerts.'));
    const leaves = values.filter(({ path }) => !values.some((other) => other.path.startsWith(`${path}.`)));
    assert.deepEqual(
      leaves.filter(({ text }) => text === '').map(({ path }) => path),
      [],
    );
    assert.deepEqual(
      lacking(
        'values.md',
        leaves.map(({ path }) => `\`${path}\``),
      ),
      [],
    );
  });

  it('has every setting of every role', () => {
    const roles = settingFields();
    assert.deepEqual(roles.map(({ role }) => role).toSorted(), ['hub', 'island', 'standalone']);
    for (const { fields } of roles)
      assert.deepEqual(
        undescribed(
          fields.map(({ path }) => path),
          settingWords,
        ),
        [],
      );
  });

  for (const file of [...contractFiles, ...manifestFiles])
    it(`has every field of ${file.name}`, () => {
      const fields = fieldsOfFile(file);
      assert.ok(fields.length > 1);
      assert.deepEqual(
        undescribed(
          fields.map(({ path }) => path),
          file.words,
        ),
        [],
      );
    });
});

/** Types of conditions that the source sets, as it spells them. */
async function conditionsInCode(): Promise<string[]> {
  const found = new Set<string>();
  for (const folder of ['src/hub', 'src/island'])
    for (const name of await readdir(join(checkout, folder), { recursive: true })) {
      if (!name.endsWith('.ts')) continue;
      const source = await readFile(join(checkout, folder, name), 'utf8');
      for (const [, type = ''] of source.matchAll(/\bset\('([A-Z][A-Za-z]+)'/g)) found.add(type);
    }
  assert.ok(found.size > 8);
  return [...found];
}

describe('values of a chart', () => {
  it('take the comment above them, share it with what follows, and take that of their map when there is none', () => {
    const yaml = '# About the file.\n\n# A.\na: 1\nb: 2\n\n# C.\nc:\n  d: {}\n  # E.\n  e: x\n';
    assert.deepEqual(
      valuesIn(yaml).map(({ path, standard, text }) => `${path}=${standard} ${text}`),
      ['a=1 A.', 'b=2 A.', 'c= C.', 'c.d={} C.', 'c.e=x E.'],
    );
  });
});
