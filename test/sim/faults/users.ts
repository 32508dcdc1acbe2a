/** What people ask for while everything else goes wrong. */
import { joinToken } from '../world.ts';
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
    name: 'move of an expert',
    weight: 3,
    longest: second,
    begin({ user, plan }, { dice, fired }) {
      void user.moveExpert(dice.whole(0, plan.shape.experts - 1));
      fired();
      return undefined;
    },
  },
  {
    name: 'retry of an expert',
    weight: 3,
    longest: second,
    begin({ user, plan }, { dice, fired }) {
      void user.retryExpert(dice.whole(0, plan.shape.experts - 1));
      fired();
      return undefined;
    },
  },
  {
    name: 'island rebuilt',
    weight: 2,
    longest: 60 * second,
    begin({ user, sites, clock, hub }, { dice, lasts, fired }) {
      const site = dice.pick(sites);
      site.rebuild();
      fired();
      // The administrator finds out some time later, and needs an API server that answers.
      const replace = () => {
        if (hub.weather.away) clock.timer(5 * second, replace);
        else void user.replaceIsland(site.name, joinToken(site.name, site.rebuilt));
      };
      clock.timer(lasts, replace);
      return undefined;
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
