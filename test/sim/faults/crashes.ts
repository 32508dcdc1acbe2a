/** Processes of Atoll that die, freeze, have wrong clocks, or run twice. */
import type { Crash } from '../world.ts';
import type { Fault } from './fault.ts';

const second = 1000;

/** The end of a process at one of its next writes: before it is sent, when it is stored, or when the answer has come. */
const atWrite = (moment: Crash['moment'], name: string): Fault => ({
  name,
  weight: 6,
  longest: 120 * second,
  begin(world, { dice, fired }) {
    const crash: Crash = {
      process: dice.pick(world.processes()).name,
      left: dice.whole(1, 12),
      moment,
      downMs: dice.between(500, 20 * second),
      happened: fired,
    };
    world.crashes.push(crash);
    return () => {
      const at = world.crashes.indexOf(crash);
      if (at >= 0) world.crashes.splice(at, 1);
    };
  },
});

export const crashes: readonly Fault[] = [
  atWrite('before', 'crash before a write'),
  atWrite('stored', 'crash when a write is stored'),
  atWrite('after', 'crash after a write'),
  {
    name: 'crash at any time',
    weight: 4,
    longest: second,
    begin(world, { dice, fired }) {
      dice.pick(world.processes()).crash(dice.between(500, 30 * second));
      fired();
      return undefined;
    },
  },
  {
    name: 'frozen process',
    weight: 3,
    longest: 60 * second,
    begin(world, { dice, fired }) {
      const running = dice.pick(world.processes());
      running.freeze();
      fired();
      return () => running.thaw();
    },
  },
  {
    name: 'two hub leaders',
    weight: 3,
    longest: 45 * second,
    begin(world, { fired }) {
      const [first, second_] = world.hubs;
      // Frozen for longer than its lease lasts, the leader wakes up while the other one leads.
      if (!first || !second_) return undefined;
      first.freeze();
      fired();
      return () => first.thaw();
    },
  },
  {
    name: 'clock shift',
    weight: 3,
    longest: 200 * second,
    begin(world, { dice, fired }) {
      const { process } = dice.pick(world.processes());
      if (!process) return undefined;
      process.skewMs = dice.pick([-600, -60, 60, 600]) * second;
      fired();
      return undefined;
    },
  },
  {
    name: 'two agents',
    weight: 2,
    longest: 200 * second,
    begin(world, { dice, fired }) {
      dice.pick(world.sites).addAgent();
      fired();
      return undefined;
    },
  },
];
