/** Which line of a log leads the message of a failure. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { classify } from '../../src/island/classify.ts';
import { endingOf } from '../../src/island/ending.ts';
import { headline } from '../../src/island/headline.ts';
import { closed, endedPod, PREFIX } from './builders.ts';

const python = `step 34 loss 0.031
Traceback (most recent call last):
  File "/app/train.py", line 75, in <module>
    main()
  File "/app/train.py", line 62, in main
    raise ValueError("cannot take step %d" % step)
ValueError: cannot take step 35`;

describe('the line that leads a message', () => {
  for (const [sentence, text, line] of [
    ['is the only one there is', 'it broke', 'it broke'],
    ['of a log is the last', 'loss 0.3\nloss 0.2\nno seat left\n\n', 'no seat left'],
    ['of a traceback is what it ends with', python, 'ValueError: cannot take step 35'],
    [
      'of a traceback with advice behind it is the exception',
      `${python.replace('ValueError: cannot take step 35', 'RuntimeError: CUDA error: illegal address')}\nFor debugging consider CUDA_LAUNCH_BLOCKING=1\nCompile with TORCH_USE_CUDA_DSA`,
      'RuntimeError: CUDA error: illegal address',
    ],
    [
      'of two tracebacks is the exception of the last',
      `${python}\n\nDuring handling of the above exception, another exception occurred:\n\n${python.replaceAll('ValueError', 'KeyError')}`,
      'KeyError: cannot take step 35',
    ],
    [
      'of an exception in many lines is its first',
      'torch.cuda.OutOfMemoryError: CUDA out of memory\nTried to allocate 2 GiB\nsee the documentation',
      'torch.cuda.OutOfMemoryError: CUDA out of memory',
    ],
    [
      'of a traceback whose beginning was cut off is the last',
      '    main()\n  File "/app/train.py", line 62, in main\nKeyError: 3',
      'KeyError: 3',
    ],
    [
      'of stacks that were dumped when nothing moved is the last frame',
      'a log\n  File "x.py", line 3 in step',
      'File "x.py", line 3 in step',
    ],
    ['of nothing is nothing', ' \n\n', ''],
  ] as const)
    it(sentence, () => assert.equal(headline(text), line));

  const end = (
    said: string,
    past = [closed(2, 'Crash', { node: 'node-2', step: 34, exitCode: 1, message: 'loss 0.1\nValueError: cannot take step 35' })],
  ) =>
    classify(
      endingOf(endedPod(3, 1, { lastStep: 34 }, { said }), new Set(), {
        why: 'Finished',
        workPrefix: PREFIX,
        placement: 1,
        attempt: 3,
        gpus: 0,
        limits: { memory: '1Gi' },
        past,
      }),
    );

  it('is the message of a crash', () => {
    assert.equal(end(python, []).message, 'ValueError: cannot take step 35');
  });

  it('is what two crashes are compared by, however different the logs before it', () => {
    assert.equal(end(python).rule, 'same-step-two-nodes');
    assert.equal(end(python.replaceAll('ValueError', 'KeyError')).rule, 'crash');
  });
});
