/** `npm run sim`: the whole control plane under seeded plans of faults, its invariants checked after every step. */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { type Asked, guards, many, one, seededBugs } from './command.ts';
import { installSeams } from './seams/hooks.ts';

const usage = `Usage: npm run sim -- [OPTIONS]

Runs the real hub, link, islands and courier in one thread on simulated API servers, kubelets, NATS, object store and clocks,
under plans of faults that follow from seeds, and checks the sixteen invariants of the design after every step.

Options:
  --plans N        run the plans of so many seeds (default 100)
  --from N         the first seed (default 1)
  --seed N         run one plan and print what happened, line by line; the same seed is the same run
  --faults A,B     plans of these faults only
  --workers N      processes that run plans at the same time (default: the CPU cores, at most 4)
  --keep-going     run all plans although one broke an invariant
  --bugs           plant each seeded bug and find it, by at most --plans plans (default 12); writes the table in docs/simulation.md
  --bug NAME       the same for the bugs whose name holds NAME, without writing
  --mutations      remove each guard of the decision functions once: the unit tests must notice, or else one of --plans plans (default 2)
  --file TEXT      of the guards only those in files whose path holds TEXT
  --help           this text
`;

function whole(name: string, text: string, least = 1): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least)
    throw new Error(`cannot read --${name}: it is "${text}" and must be a whole number from ${least}`);
  return value;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      plans: { type: 'string' },
      from: { type: 'string', default: '1' },
      seed: { type: 'string' },
      faults: { type: 'string' },
      workers: { type: 'string', default: String(Math.min(4, availableParallelism())) },
      'keep-going': { type: 'boolean', default: false },
      bugs: { type: 'boolean', default: false },
      bug: { type: 'string' },
      mutations: { type: 'boolean', default: false },
      file: { type: 'string', default: '' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  const hunting = values.bugs || values.bug !== undefined;
  const fewest = values.mutations ? 0 : 1;
  const plans = whole('plans', values.plans ?? (hunting ? '12' : values.mutations ? '2' : '100'), fewest);
  const asked: Asked = {
    plans,
    first: whole('from', values.from),
    workers: Math.max(1, Math.min(plans, whole('workers', values.workers))),
    keepGoing: values['keep-going'],
    only: values.faults?.split(',').map((name) => name.trim()),
  };
  if (hunting) return seededBugs(values.bug ?? '', asked, values.bug === undefined);
  if (values.mutations) return guards(values.file, asked);
  installSeams({ disk: true });
  return values.seed === undefined ? many(asked) : one(whole('seed', values.seed), asked.only);
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
