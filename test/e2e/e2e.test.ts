/** Whole trainings on one real cluster, undisturbed and disturbed in every way that a person or a machine can think of. */
import { after, before, describe } from 'node:test';
import { missingRequirements } from '../../local/requirements.ts';
import { configuration, neverRetried, tooLarge } from './configuration.ts';
import { crash } from './crash.ts';
import { deletion } from './deletion.ts';
import { outage } from './outage.ts';
import { reading } from './reading.ts';
import { rest } from './rest.ts';
import { suspend } from './suspend.ts';
import { twice } from './twice.ts';
import { lineage, undisturbed } from './undisturbed.ts';
import { startWorld, type World } from './world.ts';

const missing = await missingRequirements();

describe('a training on a real cluster', { skip: missing.join(' ') || false, concurrency: false }, () => {
  let started: World | undefined;
  const world = () => {
    if (!started) throw new Error('the cluster did not start');
    return started;
  };

  before(async () => {
    started = await startWorld();
  });
  after(async () => {
    await started?.stop();
  });

  // What is independent overlaps: three runs fit on a machine with two cores.
  describe('left alone', { concurrency: 2 }, () => {
    undisturbed(world);
    configuration(world);
    tooLarge(world);
  });
  describe('complete', { concurrency: false }, () => {
    lineage(world);
    reading(world);
  });
  describe('disturbed', { concurrency: 3 }, () => {
    crash(world);
    suspend(world);
    twice(world);
    deletion(world);
  });
  describe('in an outage', { concurrency: false }, () => {
    outage(world);
  });
  describe('in the end', { concurrency: false }, () => {
    neverRetried(world);
    rest(world);
  });
});
