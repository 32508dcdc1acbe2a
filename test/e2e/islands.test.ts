/** A hub and two islands, each a cluster of its own, installed by Helm, and everything that can happen between them. */
import { after, afterEach, before, describe } from 'node:test';
import { missingRequirements } from '../../local/requirements.ts';
import { away } from './islands/away.ts';
import { calm } from './islands/calm.ts';
import { cli } from './islands/cli.ts';
import { credentials } from './islands/credentials.ts';
import { SharedCut } from './islands/cut.ts';
import { failover } from './islands/failover.ts';
import { gang } from './islands/gang.ts';
import { drain, replace, returned } from './islands/move.ts';
import { outage } from './islands/outage.ts';
import { uninstall, upgrade } from './islands/release.ts';
import { hubRestored, islandRestored } from './islands/restore.ts';
import { wire } from './islands/wire.ts';
import { startWorld, type World } from './islands/world.ts';

const missing = await missingRequirements();

describe('a training over islands', { skip: missing.join(' ') || false, concurrency: false }, () => {
  let started: World | undefined;
  const world = () => {
    if (!started) throw new Error('the clusters did not start');
    return started;
  };

  before(async () => {
    started = await startWorld();
  });
  after(async () => {
    await started?.stop();
  });

  afterEach(async () => {
    await started?.clear();
  });

  calm(world);
  cli(world);
  credentials(world);
  gang(world);
  drain(world);
  describe('while the wire of an island is cut', { concurrency: true }, () => {
    const cut = new SharedCut(world, 'west', 3);
    wire(world, cut);
    away(world, cut);
    returned(world, cut);
  });
  replace(world);
  outage(world);
  failover(world);
  upgrade(world);
  hubRestored(world);
  islandRestored(world);
  uninstall(world);
});
