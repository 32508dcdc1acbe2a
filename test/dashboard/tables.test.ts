import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { changesJson, eventText, idOf, sequenceOf } from '../../src/dashboard/server/events.ts';
import { includes, type Readable } from '../../src/dashboard/server/scope.ts';
import { createTables } from '../../src/dashboard/server/tables.ts';

const row = (id: string, value: number) => ({ id, namespace: 'research', row: { id, value } });

describe('tables', () => {
  test('tell what changed since a number, each row once and with its newest value', () => {
    const tables = createTables();
    for (let value = 0; value < 200; value++) tables.put('runs', row('research/a', value));
    const middle = tables.sequence;
    tables.put('runs', row('research/b', 1));
    tables.put('runs', row('research/a', 1));
    tables.put('runs', row('research/b', 2));
    tables.remove('runs', 'research/a');
    const touched = tables.since(middle) ?? [];
    assert.deepEqual(
      touched.map(({ id }) => id),
      ['research/b', 'research/a'],
    );
    assert.deepEqual(JSON.parse(changesJson('now', touched, tables, undefined) ?? ''), {
      at: 'now',
      runs: [{ id: 'research/b', value: 2 }],
      gone: { runs: ['research/a'] },
    });
    assert.deepEqual(tables.since(tables.sequence), []);
  });

  test('count what is put again without a change as nothing', () => {
    const tables = createTables();
    tables.put('runs', row('research/a', 1));
    const before = tables.sequence;
    tables.put('runs', row('research/a', 1));
    assert.equal(tables.sequence, before);
    assert.equal(changesJson('now', [], tables, undefined), undefined);
  });

  test('say that they no longer know what changed long ago, or of another process', () => {
    const tables = createTables(10);
    for (let index = 0; index < 25; index++) tables.put('runs', row(`research/${index}`, 1));
    assert.equal(tables.since(3), undefined);
    assert.equal(tables.since(15)?.length, 10);
    assert.equal(tables.since(26), undefined);
  });
});

describe('the id of an event', () => {
  const readable: Readable = { runs: new Set(['research']), datasets: new Set(), islands: false, theRun: false };
  const scope = { run: undefined, allWorks: false };
  const id = (sequence: number, change: { user?: string; readable?: Partial<Readable>; epoch?: string } = {}) =>
    idOf(change.epoch ?? 'e', sequence, change.user ?? 'u', { ...readable, ...change.readable }, scope);

  test('is understood for the same user, rights, scope and process alone', () => {
    assert.equal(sequenceOf(id(7), id(9)), 7);
    for (const other of [
      { user: 'v' },
      { epoch: 'f' },
      { readable: { islands: true } },
      { readable: { runs: new Set(['vision']) } },
    ])
      assert.equal(sequenceOf(id(7), id(9, other)), undefined);
    for (const wrong of [undefined, '', 'e.7', 'e.x.y', `e.-1.${id(1).split('.')[2]}`])
      assert.equal(sequenceOf(wrong, id(9)), undefined);
  });
});

test('a row goes to whoever may read its namespace, works of a run to its page only', () => {
  const readable: Readable = { runs: new Set(['research']), datasets: new Set(), islands: false, theRun: true };
  const scope = { run: 'research/digits', allWorks: false };
  const of = (table: 'runs' | 'works' | 'datasets' | 'islands', namespace: string, run?: string) =>
    includes({ table, id: 'x', namespace, run }, readable, scope);
  assert.deepEqual(
    [of('runs', 'research'), of('runs', 'vision'), of('datasets', 'research'), of('islands', '')],
    [true, false, false, false],
  );
  assert.deepEqual([of('works', 'research', 'research/digits'), of('works', 'research', 'research/other')], [true, false]);
});

test('an event is one block of lines, whatever its data holds', () => {
  assert.equal(
    eventText('change', JSON.stringify({ text: 'a\n\nevent: end' }), '1'),
    'id: 1\nevent: change\ndata: {"text":"a\\n\\nevent: end"}\n\n',
  );
});
