/** 5. While hub and NATS are down no agent touches a running pod because of that silence, and checkpoints keep appearing. */
import { disks } from '../pod/disk.ts';
import type { Invariant } from './invariant.ts';
import { createOrders, unaskedTouch } from './touches.ts';

const everyMs = 10_000;
/** A checkpoint that waits longer on disk, with a store that works, is not being published. */
const publishMs = 60_000;

export const silence: Invariant = {
  number: 5,
  title: 'silence of the hub stops no pod and no checkpoint',
  watch(world, violate) {
    let danger = 0;
    let next = 0;
    /** When the store began to work. */
    let storeSince = 0;
    const waiting = new Map<string, number>();
    const orders = createOrders(world);
    const hubIsAway = (island: string) => {
      const { weather } = world.bus;
      const hubs = world.hubs.some(({ process }) => process && !process.dead && !process.frozen);
      return !hubs || weather.away || weather.cut.has(island);
    };
    function look(): void {
      const { away, failing, losing } = world.bucket.weather;
      const now = world.clock.now();
      if (away || failing > 0 || losing > 0) storeSince = now;
      for (const pod of world.pods()) {
        if (!pod.trains || !hubIsAway(pod.island)) continue;
        danger++;
        for (let step = 3; step < 16; step += 3) {
          const folder = pod.path(`work/output/step-${step}`);
          if (!disks.has(`${folder}/checkpoint.json`) || disks.has(`${folder}/published.json`)) waiting.delete(folder);
          else if (!waiting.has(folder)) waiting.set(folder, now);
          else if (now - Math.max(storeSince, waiting.get(folder) ?? now) > publishMs)
            violate(`${folder} was not published within ${publishMs / 1000} s although the store answers`);
        }
      }
    }
    return {
      see(fact) {
        const touch = unaskedTouch(world, orders, fact);
        if (touch && hubIsAway(touch.pod.island)) violate(touch.what);
      },
      step() {
        if (world.clock.now() < next) return;
        next = world.clock.now() + everyMs;
        look();
      },
      get danger() {
        return danger;
      },
    };
  },
};
