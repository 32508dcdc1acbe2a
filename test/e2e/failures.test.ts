/**
 * Every row of the failure table on a real cluster of two nodes: what is seen, what it is called, what follows, and what a person is told.
 * With ATOLL_DESCRIBED=FOLDER the output of `kubectl describe` of each work is kept there.
 */
import { after, before, describe } from 'node:test';
import { missingRequirements } from '../../local/requirements.ts';
import { crash } from './failures/crash.ts';
import { driver, gpu, plugin } from './failures/gpu.ts';
import { hang } from './failures/hang.ts';
import { inputs } from './failures/inputs.ts';
import { mistakes } from './failures/mistakes.ts';
import { lostNode, silentNode } from './failures/nodes.ts';
import { numbers } from './failures/numbers.ts';
import { pushed } from './failures/pushed.ts';
import { disk, sizes } from './failures/sizes.ts';
import { store } from './failures/store.ts';
import { type Failures, startFailures } from './failures/world.ts';

const missing = await missingRequirements();

describe('a work', { skip: missing.join(' ') || false, concurrency: false }, () => {
  let started: Failures | undefined;
  const failures = () => {
    if (!started) throw new Error('the cluster did not start');
    return started;
  };

  before(async () => {
    started = await startFailures();
  });
  after(async () => {
    await started?.stop();
  });

  // More pods at once than these only wait for each other on two cores. While the second node is silent, all others stay on the first.
  describe('beside a silent node', { concurrency: 3 }, () => {
    silentNode(failures);
    mistakes(failures);
    sizes(failures);
    numbers(failures);
  });
  describe('on two nodes', { concurrency: 3 }, () => {
    hang(failures);
    disk(failures);
    crash(failures);
    gpu(failures);
    driver(failures);
  });
  describe('alone', { concurrency: false }, () => {
    inputs(failures);
    plugin(failures);
    pushed(failures);
    store(failures);
    lostNode(failures);
  });
});
