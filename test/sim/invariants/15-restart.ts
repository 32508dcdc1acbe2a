/** 15. A restart or upgrade of any Atoll process touches no pod; nor does anything else that nobody asked for. */
import type { Invariant } from './invariant.ts';
import { createOrders, unaskedTouch } from './touches.ts';

const shortlyMs = 30_000;

export const restart: Invariant = {
  number: 15,
  title: 'a restart touches no pod',
  watch(world, violate) {
    let danger = 0;
    let restarted = Number.NEGATIVE_INFINITY;
    let counted = 0;
    const orders = createOrders(world);
    return {
      see(fact) {
        if (fact.kind === 'process' && fact.change === 'started') {
          restarted = world.clock.now();
          counted = 0;
        }
        const touch = unaskedTouch(world, orders, fact);
        if (touch) violate(touch.what);
      },
      step() {
        if (counted > 0 || world.clock.now() - restarted > shortlyMs || !world.pods().some(({ trains }) => trains)) return;
        counted++;
        danger++;
      },
      get danger() {
        return danger;
      },
    };
  },
};
