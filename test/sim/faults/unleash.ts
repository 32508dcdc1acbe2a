/** Lets the faults of a plan begin and end at their times, and everything be well again when the plan says so. */
import { createDice } from '../random.ts';
import type { World } from '../world.ts';
import { faults } from './index.ts';

export function unleash(world: World): { fired: Map<string, number>; calm: () => void } {
  const { plan, clock, record } = world;
  const fired = new Map<string, number>();
  const ends = new Set<() => void>();

  for (const use of plan.faults) {
    const fault = faults.find(({ name }) => name === use.name);
    if (!fault) throw new Error(`cannot plan the fault ${use.name}: there is none of that name`);
    clock.timer(use.at, () => {
      if (world.calm) return;
      record.note({ kind: 'fault', name: use.name, text: `begins, for ${use.lasts} ms` });
      const count = () => {
        fired.set(use.name, (fired.get(use.name) ?? 0) + 1);
        record.note({ kind: 'fault', name: use.name, text: 'strikes' });
      };
      const heal = fault.begin(world, { dice: createDice(use.seed, use.name), lasts: use.lasts, fired: count });
      if (!heal) return;
      const end = () => {
        if (!ends.delete(end)) return;
        record.note({ kind: 'fault', name: use.name, text: 'ends' });
        heal();
      };
      ends.add(end);
      clock.timer(use.lasts, end);
    });
  }
  return {
    fired,
    calm() {
      world.calm = true;
      for (const end of ends) end();
      world.crashes.length = 0;
      record.note({ kind: 'fault', name: 'all', text: 'over' });
    },
  };
}
