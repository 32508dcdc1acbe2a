/** Runs one plan from its beginning to its end and says what it showed. */
import { ExpertShardKind } from '../../src/api/expertshard.ts';
import { begin } from './clock.ts';
import type { Violation } from './facts.ts';
import { faults } from './faults/index.ts';
import { unleash } from './faults/unleash.ts';
import { watchInvariants } from './invariants/index.ts';
import { makePlan, type Plan } from './plan.ts';
import { createWorld, type World } from './world.ts';

export interface Outcome {
  seed: number;
  /** Empty when every invariant held. */
  violations: readonly Violation[];
  /** Of everything that happened, in order. */
  hash: string;
  facts: number;
  /** Simulated seconds. */
  seconds: number;
  /** How the training ended. */
  state: string;
  /** How often each fault fired, and how often each invariant was in danger. */
  fired: { [fault: string]: number };
  danger: { [invariant: number]: number };
}

const longestMs = 4 * 3_600_000;
/** Nothing may be written for so long once all is settled. What Atoll does regularly it does every minute, or more often. */
const restMs = 100_000;
/** Nothing was written for so long: it is over, or it is stuck. */
const overMs = 60_000;
/** Since an API server has failed again and again: the longest back-off of a queue must have passed. Conflicts are retried soon. */
const overAfterStormMs = 310_000;
const storms = ['storm of 429', 'storm of 503', 'API server', 'lost replies'];
const stuckMs = 900_000;
/** How often, and after how long, the owner retries what is blocked. */
const retries = 4;
const retryMs = 40_000;

export async function runPlan(
  seed: number,
  options: { trace?: ((line: string) => void) | undefined; plan?: Plan; only?: readonly string[] } = {},
): Promise<Outcome> {
  const { only } = options;
  const plan = options.plan ?? makePlan(seed, only ? faults.filter(({ name }) => only.includes(name)) : faults);
  const world = createWorld(plan, options);
  const { clock, record, user } = world;
  const invariants = watchInvariants(world);
  const { fired, calm } = unleash(world);
  user.begin();

  const untilEnd = begin + longestMs;
  const stormy = plan.faults.some(({ name }) => storms.some((word) => name.includes(word)));
  const rest = () => {
    const calmMs = clock.now() - begin - plan.calmAt;
    const since = Math.min(calmMs, clock.now() - invariants.lastWrite());
    if (since <= overMs || (stormy && calmMs <= overAfterStormMs)) return false;
    const state = user.training()?.status?.state ?? 'Complete';
    return since > stuckMs || state === 'Complete' || state === 'Failed';
  };
  let patience = retries;
  let next = begin + plan.calmAt + retryMs;
  /** What faults have blocked, its owner asks for again. */
  const retryBlocked = async () => {
    if (patience === 0 || clock.now() < next) return;
    next = clock.now() + retryMs;
    if (!hasBlocked(world)) return;
    patience--;
    await user.retryBlocked();
  };
  while (record.violations.length === 0 && clock.now() < untilEnd && !(world.calm && rest())) {
    if (!world.calm && clock.now() - begin >= plan.calmAt) calm();
    if (!(await clock.step())) break;
    invariants.step();
    await retryBlocked();
  }
  if (record.violations.length === 0) {
    invariants.settled();
    const end = clock.now() + restMs;
    while (record.violations.length === 0 && clock.now() < end) {
      if (!(await clock.step())) break;
      invariants.step();
    }
    invariants.rested();
  }
  const state = user.training()?.status?.state ?? 'gone';
  world.end();
  await clock.settle();
  return {
    seed,
    violations: record.violations,
    hash: record.hash,
    facts: record.facts,
    seconds: Math.round((clock.now() - begin) / 1000),
    state,
    fired: Object.fromEntries(fired),
    danger: invariants.danger(),
  };
}

function hasBlocked({ hub }: World): boolean {
  return hub.api.all(ExpertShardKind).some(({ status }) => status?.state === 'Blocked');
}
