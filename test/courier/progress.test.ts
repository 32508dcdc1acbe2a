/** Following a progress file that holds anything, and staying small. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { appendFile, mkdtemp, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { systemClock } from '../../src/clock.ts';
import { ProgressTail } from '../../src/courier/progress.ts';

describe('the tail of a progress file', () => {
  let folder: string;
  let path: string;
  let tail: ProgressTail;
  let count = 0;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'atoll-progress-'));
  });
  after(() => rm(folder, { recursive: true }));
  beforeEach(() => {
    path = join(folder, `progress-${(count += 1)}.jsonl`);
    tail = new ProgressTail(path, { ...systemClock, now: () => Date.parse('2026-01-01T00:00:00Z') });
  });

  async function appended(text: string | Buffer) {
    await appendFile(path, text);
    await tail.poll();
    return tail.newest;
  }

  test('no file, no progress', async () => {
    await tail.poll();
    assert.equal(tail.newest, undefined);
  });

  test('the newest complete line counts; a line is read only once its end is there', async () => {
    assert.equal((await appended('{"step":1}\n{"step":2,"loss":0.5}\n{"st'))?.step, 2);
    assert.deepEqual(await appended('ep":3,"loss":0.123456789,"steps":9}\n'), {
      step: 3,
      steps: 9,
      loss: '0.123457',
      at: '2026-01-01T00:00:00Z',
    });
  });

  test('a pipe and a link hold nobody up and tell nothing', async () => {
    await promisify(execFile)('mkfifo', [path]);
    await tail.poll();
    await symlink('/etc/hostname', `${path}.link`);
    await new ProgressTail(`${path}.link`, systemClock).poll();
    assert.equal(tail.newest, undefined);
  });

  test('the first of the newest losses that are no number is kept, until one is again', async () => {
    const steps: (number | undefined)[] = [];
    for (const text of [
      '{"step":1,"loss":1}\n{"step":2,"loss":NaN}\n{"step":3,"nonFinite":true}\n',
      '{"step":4,"loss":1e999}\nnot a line\n{"step":5,"loss":-Infinity}\n',
      '{"step":6,"loss":0.5}\n{"step":7,"loss":NaN}\n',
      '{"step":8,"loss":0.5}\n',
      '{"step":9,"loss":null}\n{"step":10}\n',
    ]) {
      await appended(text);
      steps.push(tail.nonFiniteStep);
    }
    assert.deepEqual(steps, [2, 2, 7, undefined, undefined]);
  });

  test('NaN and infinity leave the loss out and the step in', async () => {
    assert.deepEqual(await appended('{"step": 4, "loss": NaN, "samplesPerSecond": -Infinity}\n'), {
      step: 4,
      at: '2026-01-01T00:00:00Z',
    });
    assert.equal((await appended('{"step": 5, "loss": 1e999}\n'))?.step, 5);
  });

  test('garbage, other JSON and wrong types are passed over', async () => {
    const garbage = ['{"step":7}', '{"step":-1}', '[]', 'null', '{"step":"8"}', '{', '', '\u0000\u0001', 'step 9'];
    assert.equal((await appended(`${garbage.join('\n')}\n`))?.step, 7);
    assert.equal((await appended(Buffer.from([0xff, 0xfe, 0x0a])))?.step, 7);
  });

  test('a line without end is not kept, and the next good line is found', async () => {
    for (let part = 0; part < 8; part += 1) await appended('x'.repeat(40_000));
    assert.equal(tail.newest, undefined);
    assert.equal((await appended('\n{"step":8}\n'))?.step, 8);
  });

  test('a file cut to nothing or replaced is read from its beginning', async () => {
    assert.equal((await appended('{"step":100}\n'))?.step, 100);
    await truncate(path, 0);
    assert.equal((await appended('{"step":1}\n'))?.step, 1);
    await writeFile(`${path}.new`, '{"step":2}\n');
    await rename(`${path}.new`, path);
    await tail.poll();
    assert.equal(tail.newest?.step, 2);
  });

  test('200,000 lines at once cost one read of the end', async () => {
    const lines = Array.from({ length: 200_000 }, (_, step) => `{"step":${step + 1},"steps":200000,"loss":0.5}`);
    const start = performance.now();
    assert.equal((await appended(`${lines.join('\n')}\n`))?.step, 200_000);
    assert.ok(performance.now() - start < 5_000);
  });

  test('the time of the trainer is taken over when it is one', async () => {
    assert.equal((await appended('{"step":1,"at":"2026-05-06T07:08:09.123Z"}\n'))?.at, '2026-05-06T07:08:09Z');
    assert.equal((await appended('{"step":2,"at":"yesterday"}\n'))?.at, '2026-01-01T00:00:00Z');
    assert.equal((await appended('{"step":3,"at":null,"loss":null,"steps":null}\n'))?.step, 3);
  });
});
