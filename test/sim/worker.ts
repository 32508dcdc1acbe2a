/** A process that runs plans one after another, as it is told over its channel, with the bugs in place that its environment names. */
import type { Outcome } from './run.ts';
import { installSeams } from './seams/hooks.ts';

/** A plan to run; with `only`, of these faults alone. */
export interface Order {
  seed: number;
  only?: readonly string[] | undefined;
}

/** `cpuMs`: what the plan cost this process, all of its threads together. */
export type Reply = { outcome: Outcome; cpuMs: number } | { broke: { seed: number; why: string } };

installSeams({ disk: true });
// Only now: what is imported before the seams are in place would be the unchanged product on a real disk.
const { runPlan } = await import('./run.ts');

const reply = (message: Reply) => process.send?.(message);

process.on('message', ({ seed, only }: Order) => {
  const before = process.cpuUsage();
  runPlan(seed, only === undefined ? {} : { only }).then(
    (outcome) => {
      const { user, system } = process.cpuUsage(before);
      reply({ outcome, cpuMs: (user + system) / 1000 });
    },
    (error: unknown) => reply({ broke: { seed, why: error instanceof Error ? (error.stack ?? error.message) : String(error) } }),
  );
});
process.on('disconnect', () => process.exit());
