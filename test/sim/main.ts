/** `npm run sim`: the whole control plane under seeded plans of faults, its invariants checked after every step. */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { createProgress, duration } from '../../local/progress.ts';
import { runSeeds } from './crew.ts';
import { count, failureOf, newTally, reportOf } from './report.ts';
import { installSeams } from './seams/hooks.ts';

const usage = `Usage: npm run sim -- [OPTIONS]

Runs the real hub, link, islands and courier in one thread on simulated API servers, kubelets, NATS, object store and clocks,
under plans of faults that follow from seeds, and checks the sixteen invariants of the design after every step.

Options:
  --plans N      run the plans of so many seeds (default 100)
  --from N       the first seed (default 1)
  --seed N       run one plan and print what happened, line by line; the same seed is the same run
  --workers N    processes that run plans at the same time (default: the CPU cores, at most 4)
  --keep-going   run all plans although one broke an invariant
  --help         this text
`;

function whole(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new Error(`cannot read --${name}: it is "${text}" and must be a whole number from 1`);
  return value;
}

async function one(seed: number): Promise<number> {
  const print = (line: string) => void process.stdout.write(`${line.length > 600 ? `${line.slice(0, 600)}...` : line}\n`);
  const { runPlan } = await import('./run.ts');
  const outcome = await runPlan(seed, { trace: print });
  print(`\nThe training ended as ${outcome.state} after ${outcome.seconds} s; ${outcome.facts} facts, hash ${outcome.hash}.`);
  if (outcome.violations.length === 0) return 0;
  print(failureOf(outcome));
  return 1;
}

async function many(first: number, plans: number, workers: number, keepGoing: boolean): Promise<number> {
  const progress = createProgress();
  const tally = newTally();
  const began = Date.now();
  const step = progress.start(`${plans} plans on ${workers} ${workers === 1 ? 'process' : 'processes'}`);
  const seeds = Array.from({ length: plans }, (_, index) => first + index);
  await runSeeds(seeds, {
    workers,
    onOutcome(outcome) {
      count(tally, outcome);
      step.detail(`${tally.plans} of ${plans}, ${tally.failed.length} broken`);
      if (outcome.violations.length > 0) progress.say(failureOf(outcome));
      return outcome.violations.length > 0 && !keepGoing;
    },
  });
  if (tally.failed.length === 0) step.done();
  else step.failed();
  const [{ faults }, { invariants }] = [await import('./faults/index.ts'), await import('./invariants/index.ts')];
  progress.say(
    reportOf(
      tally,
      faults.map(({ name }) => name),
      invariants,
    ),
  );
  const verdict = tally.failed.length === 0 ? 'every invariant held' : `${tally.failed.length} broke an invariant`;
  progress.say(`Took ${duration(Date.now() - began)}: ${verdict}.`);
  return tally.failed.length === 0 ? 0 : 1;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      plans: { type: 'string', default: '100' },
      from: { type: 'string', default: '1' },
      seed: { type: 'string' },
      workers: { type: 'string', default: String(Math.min(4, availableParallelism())) },
      'keep-going': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  installSeams({ disk: true });
  if (values.seed !== undefined) return one(whole('seed', values.seed));
  const plans = whole('plans', values.plans);
  return many(whole('from', values.from), plans, Math.min(plans, whole('workers', values.workers)), values['keep-going']);
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
