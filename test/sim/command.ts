/** What `npm run sim` can be asked for: many plans, one with its trace, the hunt for seeded bugs, the removal of guards. */
import { createProgress, duration } from '../../local/progress.ts';
import { type Found, hunt } from './bugs/hunt.ts';
import { bugs } from './bugs/index.ts';
import { writeBugTable } from './bugs/table.ts';
import { runSeeds } from './crew.ts';
import { exemptionOf } from './mutations/exempt.ts';
import { type Guard, idOf } from './mutations/guards.ts';
import { bySimulation, byUnitTests, toExamine } from './mutations/kill.ts';
import { count, failureOf, newTally, reportOf } from './report.ts';

export interface Asked {
  plans: number;
  first: number;
  workers: number;
  keepGoing: boolean;
  /** The only faults of the plans. */
  only: readonly string[] | undefined;
}

export async function one(seed: number, only: readonly string[] | undefined): Promise<number> {
  const print = (line: string) => void process.stdout.write(`${line.length > 600 ? `${line.slice(0, 600)}...` : line}\n`);
  const { runPlan } = await import('./run.ts');
  const outcome = await runPlan(seed, { trace: print, ...(only ? { only } : {}) });
  print(`\nThe training ended as ${outcome.state} after ${outcome.seconds} s; ${outcome.facts} facts, hash ${outcome.hash}.`);
  if (outcome.violations.length === 0) return 0;
  print(failureOf(outcome));
  return 1;
}

export async function many({ plans, first, workers, keepGoing, only }: Asked): Promise<number> {
  const progress = createProgress();
  const tally = newTally();
  const began = Date.now();
  const step = progress.start(`${plans} plans on ${workers} ${workers === 1 ? 'process' : 'processes'}`);
  const seeds = Array.from({ length: plans }, (_, index) => first + index);
  await runSeeds(seeds, {
    workers,
    only,
    onOutcome(outcome, cpuMs) {
      count(tally, outcome, cpuMs);
      step.detail(`${tally.plans} of ${plans}, ${tally.failed.length} broken`);
      if (outcome.violations.length > 0) progress.say(failureOf(outcome));
      return outcome.violations.length > 0 && !keepGoing;
    },
  });
  if (tally.failed.length === 0) step.done();
  else step.failed();
  const [{ faults }, { invariants }] = [await import('./faults/index.ts'), await import('./invariants/index.ts')];
  const names = faults.map(({ name }) => name);
  progress.say(reportOf(tally, names, invariants));
  const verdict = tally.failed.length === 0 ? 'every invariant held' : `${tally.failed.length} broke an invariant`;
  progress.say(`Took ${duration(Date.now() - began)}: ${verdict}.`);
  return tally.failed.length === 0 ? 0 : 1;
}

/** With `all` the table in the docs is written anew. */
export async function seededBugs(pattern: string, { plans, first, workers }: Asked, all: boolean): Promise<number> {
  const progress = createProgress();
  const wanted = bugs.filter(({ name }) => name.includes(pattern));
  if (wanted.length === 0)
    throw new Error(`cannot find a bug "${pattern}": there are ${bugs.map(({ name }) => name).join(', ')}`);
  const results: Found[] = [];
  for (const bug of wanted) {
    const step = progress.start(bug.name);
    const found = await hunt(bug, { plans, workers, ...(first === 1 ? {} : { first }) });
    results.push(found);
    if (found.seed === undefined) step.failed();
    else
      step.done(`plan ${found.seed}, invariant ${found.invariant}${found.holdsWithout ? '' : ', which breaks without it, too'}`);
    progress.say(`  ${found.message}`);
  }
  const missed = results.filter(({ seed, holdsWithout }) => seed === undefined || !holdsWithout);
  progress.say(`${results.length - missed.length} of ${results.length} bugs found`);
  if (all) await writeBugTable(results);
  return missed.length === 0 ? 0 : 1;
}

/** Every guard of the decision functions, removed once. */
export async function guards(pattern: string, { plans, workers }: Asked): Promise<number> {
  const progress = createProgress();
  const counts = new Map<string, number>();
  const note = (how: string) => void counts.set(how, (counts.get(how) ?? 0) + 1);
  const left: Guard[] = [];
  for (const examined of await toExamine(pattern)) {
    const step = progress.start(`${examined.guards.length} guards of src/${examined.group.name}`);
    const survivors: Guard[] = [];
    let done = 0;
    await byUnitTests(examined, {
      ready: (tests, unsteady) => {
        progress.say(
          `  ${tests} tests${unsteady.length === 0 ? '' : `, without those that fail by themselves: ${unsteady.join('; ')}`}`,
        );
      },
      verdict({ guard, by }) {
        step.detail(`${++done} of ${examined.guards.length}`);
        if (by !== undefined) note('noticed by the unit tests');
        else if (exemptionOf(guard)) note('exempt, with the reason in test/sim/mutations/exempt.ts');
        else survivors.push(guard);
      },
    });
    step.done();
    for (const guard of survivors) {
      const by = plans > 0 ? await bySimulation(guard, plans, workers) : undefined;
      progress.say(`  ${idOf(guard)} if (${guard.text.slice(0, 100)}): ${by ?? 'SURVIVED'}`);
      if (by !== undefined) note('noticed by the simulation');
      else left.push(guard);
    }
  }
  const all = [...counts.values()].reduce((sum, times) => sum + times, left.length);
  progress.say(`${all} guards: ${[...counts].map(([how, times]) => `${times} ${how}`).join(', ')}, ${left.length} survived`);
  return left.length > 0 || all === 0 ? 1 : 0;
}
