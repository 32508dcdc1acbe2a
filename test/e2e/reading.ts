/** What a person reads: get, describe and explain. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { wrong } from './configuration.ts';
import { calm } from './undisturbed.ts';
import type { World } from './world.ts';

/** Columns of a kind's first line, and the row of one object as a record. */
function table(text: string): { columns: string[]; row: (name: string) => Record<string, string> } {
  const [head = '', ...lines] = text.trimEnd().split('\n');
  const starts = [...head.matchAll(/\S+(?: \S+)*/g)].map(({ 0: title, index }) => ({ title, index }));
  const cells = (line: string) =>
    Object.fromEntries(
      starts.map(({ title, index }, at) => [title, line.slice(index, starts[at + 1]?.index ?? line.length).trim()]),
    );
  return {
    columns: starts.map(({ title }) => title),
    row(name) {
      const line = lines.find((one) => one.startsWith(`${name} `));
      assert.ok(line, `there is no row ${name} in\n${text}`);
      return cells(line);
    },
  };
}

/** To be run once the undisturbed run is complete and the one with the wrong parameter is blocked. */
export function reading(world: () => World): void {
  const get = async (kind: string) => table(await world().kubectl(['get', kind]));

  it('shows its state at a glance with kubectl get', async () => {
    const eds = await get('eds');
    assert.deepEqual(eds.columns, ['NAME', 'STATE', 'SHARDS', 'SAMPLES', 'SKEW', 'SIZE', 'AGE']);
    const { STATE, SHARDS, SAMPLES, SKEW, SIZE } = eds.row('digits');
    assert.deepEqual([STATE, SHARDS, SAMPLES], ['Ready', '2', '900']);
    assert.match(SKEW ?? '', /^1(\.\d+)?$/);
    assert.match(SIZE ?? '', /^[0-9.]+ [KM]iB$/);

    const et = await get('et');
    assert.deepEqual(et.columns, ['NAME', 'STATE', 'EXPERTS', 'PROGRESS', 'ETA', 'ROUTER', 'AGE']);
    const done = et.row(calm);
    assert.deepEqual(
      [done['STATE'], done['EXPERTS'], done['PROGRESS'], done['ETA'], done['ROUTER']],
      ['Complete', '2/2', '100%', '', 'Accepted'],
    );
    assert.deepEqual(et.row(wrong)['EXPERTS'], '0/2, 2 blocked');

    const es = await get('es');
    assert.deepEqual(es.columns, [
      'NAME',
      'STATE',
      'REASON',
      'ISLAND',
      'PROGRESS',
      'LOSS',
      'ETA',
      'CHECKPOINT',
      'RESTARTS',
      'AGE',
    ]);
    const expert = es.row(`${calm}-e000`);
    assert.deepEqual(
      [expert['STATE'], expert['REASON'], expert['ISLAND'], expert['PROGRESS'], expert['RESTARTS']],
      ['Accepted', '', 'local', '100%', '0'],
    );
    assert.match(expert['LOSS'] ?? '', /^\d+\.\d+$/);

    const ij = await get('ij');
    assert.deepEqual(ij.columns, ['NAME', 'ROLE', 'ISLAND', 'STATE', 'ATTEMPT', 'PROGRESS', 'REASON', 'AGE']);
    const roles = (await world().kubectl(['get', 'ij', '-o', 'jsonpath={.items[*].spec.role}'])).split(' ');
    assert.deepEqual([...new Set(roles)].toSorted(), ['Evaluate', 'Expert', 'Partition', 'Router']);

    const isl = await get('isl');
    assert.deepEqual(isl.columns, ['NAME', 'STATE', 'REACHABLE', 'HEARD', 'FREE GPUS', 'JOBS', 'CORDONED', 'VERSION', 'AGE']);
    const island = isl.row('local');
    assert.deepEqual([island['STATE'], island['CORDONED']], ['Ready', 'false']);
  });

  it('shows all kinds together, and only those, as category atoll', async () => {
    const together = await world().kubectl(['get', 'eds,et,es,ij,isl']);
    const category = await world().kubectl(['get', 'atoll', '--output=name']);
    for (const kind of ['expertdataset', 'experttraining', 'expertshard', 'islandjob', 'computeisland']) {
      assert.match(together, new RegExp(`^${kind}\\.atoll\\.dev/`, 'm'));
      assert.match(category, new RegExp(`^${kind}\\.atoll\\.dev/`, 'm'));
    }
  });

  it('is found by what it is, with field selectors', async () => {
    assert.equal(
      await world().kubectl(['get', 'et', '--field-selector=status.state=Complete', '--output=name']),
      `experttraining.atoll.dev/${calm}\n`,
    );
    const blocked = await world().kubectl(['get', 'es', '--field-selector=status.state=Blocked', '--output=name']);
    assert.deepEqual(blocked.trim().split('\n'), [`expertshard.atoll.dev/${wrong}-e000`, `expertshard.atoll.dev/${wrong}-e001`]);
  });

  it('tells its story with kubectl describe', async () => {
    const training = await world().kubectl(['describe', 'et', calm]);
    for (const word of [/Ensemble:/, /Digest: +sha256:[0-9a-f]{64}/, /Metrics:/, /EnsemblePublished/, /Events:\n(.+\n)+.*Normal/])
      assert.match(training, word);
    const job = (await world().kubectl(['get', 'es', `${calm}-e000`, '-o', 'jsonpath={.status.job}'])).trim();
    assert.match(await world().kubectl(['describe', 'ij', job]), /CheckpointPublished/);
  });

  it('explains every field, with its unit, default and when it may change', async () => {
    const expert = await world().kubectl(['explain', 'et.spec.expert']);
    for (const field of ['checkpoint', 'grace', 'params', 'resources', 'retry'])
      assert.match(expert, new RegExp(`^  ${field}\t<`, 'm'));
    assert.doesNotMatch(expert, /<no description>/);
    assert.match(await world().kubectl(['explain', 'et.spec.suspend']), /at any time/);
    assert.match(await world().kubectl(['explain', 'et.spec.expert.retry.maxRestarts']), /Default: 3/);
  });
}
