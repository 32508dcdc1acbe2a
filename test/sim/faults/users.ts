/** What people ask for while everything else goes wrong. */
import type { Fault } from './fault.ts';

const second = 1000;

export const userFaults: readonly Fault[] = [
  {
    name: 'suspend and resume',
    weight: 4,
    longest: 60 * second,
    begin({ user }, { fired }) {
      void user.changeTraining({ suspend: true });
      fired();
      return () => void user.changeTraining({ suspend: false });
    },
  },
  {
    name: 'cordon',
    weight: 2,
    longest: 120 * second,
    begin({ user, sites }, { dice, fired }) {
      const { name } = dice.pick(sites);
      void user.changeIsland(name, { cordoned: true });
      fired();
      return () => void user.changeIsland(name, { cordoned: false });
    },
  },
  {
    name: 'drain',
    weight: 4,
    longest: 120 * second,
    begin({ user, sites }, { dice, fired }) {
      const { name } = dice.pick(sites);
      void user.changeIsland(name, { drain: true });
      fired();
      return () => void user.changeIsland(name, { drain: false });
    },
  },
  {
    name: 'deletion',
    weight: 1,
    longest: second,
    begin({ user }, { fired }) {
      void user.deleteTraining();
      fired();
      return undefined;
    },
  },
];
