/** Which directories are published, in which order, and which are dropped: a table. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { CourierCheckpoint } from '../../src/api/courier.ts';
import { systemClock } from '../../src/clock.ts';
import { type Entry, Output, plan } from '../../src/courier/output.ts';
import { Trainer } from './trainer.ts';

const complete = (step: number, final = false, name = `${final ? 'final' : 'step'}-${step}`): Entry => ({
  name,
  state: 'Complete',
  checkpoint: { contract: 'atoll.dev/contract/v1', step, kind: final ? 'Export' : 'Resumable', final, metrics: {} },
});
const record = (step: number, final = false): CourierCheckpoint => {
  const digest = `sha256:${'a'.repeat(64)}`;
  return { manifest: `key-${step}`, digest, step, bytes: 1, kind: 'Resumable', final, at: '2026-01-01T00:00:00Z', attempt: 1 };
};
const published = (step: number, final = false): Entry => ({
  name: `done-${step}`,
  state: 'Published',
  record: record(step, final),
});

describe('the plan for an output directory', () => {
  const cases: {
    says: string;
    entries: Entry[];
    draining?: boolean;
    busy?: string;
    next?: string;
    drop?: string[];
    same?: string[];
    pending: number;
  }[] = [
    { says: 'nothing there, nothing to do', entries: [], pending: 0 },
    { says: 'the oldest step goes first', entries: [complete(20), complete(3)], next: 'step-3', pending: 2 },
    {
      says: 'names decide between equal steps',
      entries: [complete(3, false, 'b'), complete(3, false, 'a')],
      next: 'a',
      pending: 2,
    },
    { says: 'a final goes last', entries: [complete(5, true), complete(9)], next: 'step-9', pending: 2 },
    {
      says: 'when stopping, the final goes first',
      entries: [complete(5, true), complete(9)],
      draining: true,
      next: 'final-5',
      pending: 2,
    },
    {
      says: 'when stopping, the newest goes first',
      entries: [complete(8), complete(9)],
      draining: true,
      next: 'step-9',
      pending: 2,
    },
    {
      says: 'of resumable ones only the newest two wait, of finals all',
      entries: [complete(1), complete(2), complete(3), complete(4), complete(5, true)],
      next: 'step-3',
      drop: ['step-1', 'step-2'],
      pending: 3,
    },
    {
      says: 'the one on its way is not dropped',
      entries: [complete(1), complete(2), complete(3)],
      busy: 'step-1',
      next: 'step-2',
      pending: 2,
    },
    {
      says: 'after a final, resumable ones are dropped',
      entries: [published(9, true), complete(8)],
      drop: ['step-8'],
      pending: 0,
    },
    {
      says: 'a step that stands published is not published again',
      entries: [published(3), complete(3)],
      same: ['step-3'],
      pending: 0,
    },
    { says: 'a second final is the first', entries: [published(9, true), complete(10, true)], same: ['final-10'], pending: 0 },
    {
      says: 'what is refused or invalid is left alone',
      entries: [
        { name: 'a', state: 'Invalid', why: '' },
        { name: 'b', state: 'Refused', why: '' },
      ],
      pending: 0,
    },
    {
      says: 'of marks of published ones the newest sixteen stay',
      entries: Array.from({ length: 18 }, (_, step) => published(step)),
      drop: ['done-0', 'done-1'],
      pending: 0,
    },
  ];
  for (const { says, entries, draining = false, busy, next, drop = [], same = [], pending } of cases) {
    test(says, () => {
      const found = plan(entries, { draining, ...(busy === undefined ? {} : { busy }) });
      assert.deepEqual(
        { next: found.next?.name, drop: found.drop, same: found.same.map(({ name }) => name), pending: found.pending },
        { next, drop, same, pending },
      );
    });
  }
});

describe('looking at an output directory', () => {
  async function folder(context: { after(fn: () => Promise<void>): void }): Promise<string> {
    const path = await mkdtemp(join(tmpdir(), 'atoll-output-'));
    context.after(() => rm(path, { recursive: true }));
    return path;
  }

  test('drafts, files, empty and missing directories are not there', async (context) => {
    const path = await folder(context);
    assert.deepEqual(await new Output(join(path, 'missing'), systemClock).scan(), []);
    await mkdir(join(path, '.draft'));
    await writeFile(join(path, '.draft', 'checkpoint.json'), '{}');
    await mkdir(join(path, 'empty'));
    await writeFile(join(path, 'file'), '');
    assert.deepEqual(await new Output(path, systemClock).scan(), []);
  });

  test('a checkpoint.json that is being written becomes complete, one that stays wrong becomes invalid', async (context) => {
    const path = await folder(context);
    let now = 0;
    const output = new Output(path, { ...systemClock, now: () => now });
    const trainer = new Trainer({ output: path, progress: '' });
    const slow = await trainer.save(1, { checkpointJson: '{"contract":"atoll.dev/con' });
    await trainer.save(2, { checkpointJson: '[]' });
    assert.deepEqual(await output.scan(), []);
    await writeFile(join(slow, 'checkpoint.json'), '{"contract":"atoll.dev/contract/v1","step":1,"kind":"Resumable"}');
    now = 10_000;
    assert.deepEqual(
      (await output.scan()).map(({ name, state }) => `${name} ${state}`),
      ['step-1 Complete', 'step-2 Invalid'],
    );
  });

  const unusable: [what: string, text: string, why: RegExp][] = [
    ['null', 'null', /expected object, received null/],
    ['a list', '[]', /expected object, received array/],
    ['metrics that are null', '{"contract":"atoll.dev/contract/v1","step":1,"kind":"Resumable","metrics":null}', /at metrics/],
    ['metrics that are text', '{"contract":"atoll.dev/contract/v1","step":1,"kind":"Resumable","metrics":"low"}', /at metrics$/m],
    ['more text than a checkpoint has to say', ' '.repeat(1024 * 1024 + 1), /has 1048577 bytes, at most 1048576/],
  ];
  for (const [what, checkpointJson, why] of unusable)
    test(`a checkpoint.json that holds ${what} is refused in words that its author understands`, async (context) => {
      const path = await folder(context);
      let now = 0;
      const output = new Output(path, { ...systemClock, now: () => now });
      await new Trainer({ output: path, progress: '' }).save(1, { checkpointJson });
      await output.scan();
      now = 10_000;
      const [entry] = await output.scan();
      assert.match(entry?.state === 'Invalid' ? entry.why : '', why);
    });

  test('a metric that is NaN is left out', async (context) => {
    const path = await folder(context);
    const checkpointJson =
      '{"contract":"atoll.dev/contract/v1","step":1,"kind":"Resumable","metrics":{"loss": NaN, "fd": -Infinity,"a":1}}';
    await new Trainer({ output: path, progress: '' }).save(1, { checkpointJson });
    const [entry] = await new Output(path, systemClock).scan();
    assert.deepEqual(entry?.state === 'Complete' && entry.checkpoint.metrics, { a: 1 });
  });

  test('a checkpoint.json that leads elsewhere is invalid, and nothing of what it leads to is told', async (context) => {
    const path = await folder(context);
    await mkdir(join(path, 'sly'));
    await writeFile(join(path, 'secret'), 'AKIA-the-secret');
    await symlink(join(path, 'secret'), join(path, 'sly', 'checkpoint.json'));
    assert.deepEqual(await new Output(path, systemClock).scan(), [
      { name: 'sly', state: 'Invalid', why: 'sly/checkpoint.json is not a file' },
    ]);
  });

  test('what was refused stays refused although no room is left to note it: it is not tried again and again', async (context) => {
    const path = await folder(context);
    const output = new Output(path, systemClock);
    const saved = await new Trainer({ output: path, progress: '' }).save(1);
    // Where the mark would be written is a folder: that fails for whoever runs it.
    await mkdir(join(saved, 'refused.json.tmp'));
    await output.scan();
    await assert.rejects(output.markRefused('step-1', 'no good'));
    assert.deepEqual(await output.scan(), [{ name: 'step-1', state: 'Refused', why: 'no good' }]);
  });

  test('what was refused stays refused after a restart', async (context) => {
    const path = await folder(context);
    await new Trainer({ output: path, progress: '' }).save(1);
    await new Output(path, systemClock).markRefused('step-1', 'no good');
    assert.deepEqual(await new Output(path, systemClock).scan(), [{ name: 'step-1', state: 'Refused', why: 'no good' }]);
  });
});
