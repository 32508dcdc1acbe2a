/** What a view asks for beside the stream is answered, however often what it depends on changes. */
import assert from 'node:assert/strict';
import { beforeEach, describe, mock, test } from 'node:test';
import { againAndAgain, pauseMs } from '../../../src/dashboard/ui/live/again.ts';

describe('asking again and again', () => {
  let asked: { answer: () => void; signal: AbortSignal }[];
  const ask = (signal: AbortSignal) =>
    new Promise<void>((answer) => {
      asked.push({ answer, signal });
    });
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  const answer = async () => {
    asked.at(-1)?.answer();
    await settle();
  };

  beforeEach(() => {
    asked = [];
    mock.timers.reset();
    mock.timers.enable({ apis: ['setTimeout'] });
  });

  test('wishes that come while a question is under way leave it alone and bring one more after it', async () => {
    const reader = againAndAgain(ask);
    for (let wish = 0; wish < 10; wish += 1) reader.want();
    assert.equal(asked.length, 1);
    assert.equal(asked[0]?.signal.aborted, false);
    await answer();
    mock.timers.tick(pauseMs - 1);
    assert.equal(asked.length, 1);
    mock.timers.tick(1);
    assert.equal(asked.length, 2);
    await answer();
    mock.timers.tick(10 * pauseMs);
    assert.equal(asked.length, 2, 'nobody wished for a third');
  });

  test('wishes without end are answered about once a second', async () => {
    const reader = againAndAgain(ask);
    for (let ms = 0; ms < 9_500; ms += 100) {
      reader.want();
      await answer();
      mock.timers.tick(100);
    }
    assert.equal(asked.length, 10);
  });

  test('a wish after a pause is asked at once', async () => {
    const reader = againAndAgain(ask);
    reader.want();
    await answer();
    mock.timers.tick(pauseMs);
    reader.want();
    assert.equal(asked.length, 2);
  });

  test('the end aborts what is under way, and nothing is asked after it', async () => {
    const reader = againAndAgain(ask);
    reader.want();
    reader.want();
    reader.stop();
    assert.equal(asked[0]?.signal.aborted, true);
    await answer();
    reader.want();
    mock.timers.tick(10 * pauseMs);
    assert.equal(asked.length, 1);
  });
});
