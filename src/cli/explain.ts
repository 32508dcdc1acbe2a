/** `atoll explain`: why a run does not go on, work by work and island by island, and the one thing to change. */
import type { ExpertDataset } from '../api/expertdataset.ts';
import type { ExpertTraining } from '../api/experttraining.ts';
import type { Reason } from '../api/reasons.ts';
import type { WorkFailure, WorkState } from '../api/work.ts';
import { type Demand, place, refusalOf } from '../hub/placement.ts';
import { expertDemand } from '../hub/templates.ts';
import { type About, adviceFor, placementAdvice, type Refusal } from './advice.ts';
import { type Scope, withScope } from './cluster.ts';
import { evidenceOf } from './evidence.ts';
import { type Ground, readGround } from './field.ts';
import { dataText, formatOf, outputOptions } from './output.ts';
import { painter } from './paint.ts';
import { datasetOf, expertIndex, expertOptions, expertsOf, needExpert, needRun } from './run.ts';
import { decisive, type Standing, sentenceOf, standstill } from './standing.ts';
import { table } from './table.ts';
import { type Call, oneWord, scopeHelp, scopeOptions, type Verb } from './verb.ts';

const help = `Usage: atoll explain RUN [options]

Says why a run does not go on: for every work that stands still the reason, for one that failed what its island has sent about it,
for one that waits for room the answer of every island, and the one thing to change. The islands are asked by the same function that the
hub places with. What waits for its inputs, as it should, comes last.

Options:
  -e, --expert N      only about this expert
  -o, --output FORMAT json or yaml
${scopeHelp}

Examples:
  atoll explain @latest
  atoll explain digits -e 3 -o json
`;

export const explain: Verb = {
  summary: 'say why a run does not go on, and the one thing to change',
  help,
  options: { ...scopeOptions, ...outputOptions, ...expertOptions },
  word: 'run',
  run(call) {
    const name = oneWord(call, 'name of the run');
    const format = formatOf(call, ['table', 'json', 'yaml']);
    const index = expertIndex(call);
    return withScope(call, async (scope) => {
      const run = await needRun(scope, name);
      const explained = await explainRun(call, scope, run, index);
      if (format === 'json' || format === 'yaml') call.io.out(dataText(format, explained));
      else print(call, run, explained);
      return 0;
    });
  },
};

interface Explained {
  run: string;
  state: string;
  sentence: string;
  /** What to change about the run as a whole. */
  change?: string;
  standstill: Kept[];
  /** Works whose turn has not come: nothing is wrong with them. */
  waiting: Awaiting[];
}

/** Works that wait for the same inputs. */
interface Awaiting {
  works: string[];
  reason: string;
  message: string;
}

/** Works that stand still for the same reason. */
interface Kept {
  works: string[];
  state: string;
  reason: string;
  message: string;
  /** What its island sent about its last failure. */
  failure?: WorkFailure;
  /** Answers of the islands to a work that waits for room. */
  islands?: Refusal[];
  change: string;
}

async function explainRun(call: Call, scope: Scope, run: ExpertTraining, index: number | undefined): Promise<Explained> {
  const [experts, dataset] = await Promise.all([expertsOf(scope, run), datasetOf(scope, run)]);
  if (index !== undefined) needExpert(run, experts, index);
  const ended = run.status?.state === 'Complete';
  const all = ended ? [] : standstill(run, experts, dataset);
  const asked = index === undefined ? all : all.filter(({ work }) => work === index);
  const kept = asked.filter((standing) => !awaitsInputs(standing));
  const ground = kept.some(({ state }) => state === 'Waiting') ? await readGround(call, scope) : undefined;
  const about = { run: run.metadata.name, dataset: run.spec.dataset };
  const change = kept.length === 0 ? wholeAdvice(run, dataset, about) : undefined;
  return {
    run: run.metadata.name,
    state: run.status?.state ?? 'Pending',
    sentence: sentenceOf(run),
    ...(change === undefined ? {} : { change }),
    standstill: group(kept, (standing) => keptOf(standing, run, about, ground)),
    waiting: group(asked.filter(awaitsInputs), ({ reason, message }) => ({ reason, message })),
  };
}

/** Why a work waits whose inputs are still being made. */
const inTurn: readonly string[] = [
  'DatasetNotReady',
  'Partitioning',
  'WaitingForExperts',
  'WaitingForRouter',
] satisfies readonly Reason[];

function awaitsInputs({ state, reason }: Standing): boolean {
  return state === 'Waiting' && inTurn.includes(reason);
}

/** About a run without a work that stands still: what its own condition says. */
function wholeAdvice(run: ExpertTraining, dataset: ExpertDataset | undefined, about: About): string | undefined {
  const condition = decisive(run.status);
  if (!condition) return undefined;
  const blocked =
    dataset?.status?.state === 'Blocked' ? dataset.status.conditions.find(({ status }) => status === 'False') : undefined;
  const says = adviceFor(blocked?.reason ?? condition.reason, about);
  return says === adviceFor('', about) ? undefined : says;
}

/** A failure matters to a work that does not run because of it. */
const told: readonly WorkState[] = ['Blocked', 'Pending', 'Queued', 'Starting'];

function keptOf(standing: Standing, run: ExpertTraining, about: About, ground: Ground | undefined): Omit<Kept, 'works'> {
  const { work, state, reason, message, failure } = standing;
  const plain = { state, reason, message, ...(failure && told.includes(state) ? { failure } : {}) };
  if (state !== 'Waiting' || typeof work !== 'number' || !ground) {
    // A spent budget does not say what was wrong; the class of the last failure does.
    const why = reason === 'RestartBudgetSpent' && failure ? failure.class : reason;
    return { ...plain, change: adviceFor(why, { ...about, work }) };
  }
  const demand = expertDemand(run, work);
  const islands = refusalsOf(demand, ground);
  const placed = place(demand, ground.field);
  if (placed.island !== undefined)
    return { ...plain, islands, change: `nothing: island ${placed.island} has room, the hub places it next` };
  if (placed.reason === 'QuotaExceeded')
    return { ...plain, message: placed.message, islands, change: adviceFor('QuotaExceeded', about) };
  return { ...plain, islands, change: placementAdvice(demand, islands) };
}

function refusalsOf(demand: Demand, { field }: Ground): Refusal[] {
  return field.spots().flatMap((spot) => {
    const why = refusalOf(demand, spot);
    return why ? [{ island: spot.name, ...why }] : [];
  });
}

/** Standings with the same answer become one. */
function group<Answer extends object>(standings: readonly Standing[], answer: (standing: Standing) => Answer) {
  const groups = new Map<string, Answer & { works: string[] }>();
  for (const standing of standings) {
    const same = answer(standing);
    // Only the advice for a blocked work names it, so that those stay apart.
    const key = JSON.stringify(same);
    const known = groups.get(key);
    if (known) known.works.push(standing.title);
    else groups.set(key, { works: [standing.title], ...same });
  }
  return [...groups.values()];
}

function print(call: Call, run: ExpertTraining, { sentence, standstill: kept, waiting, change }: Explained): void {
  const { io } = call;
  io.out(`${sentence}\n`);
  for (const { works, state, reason, message, failure, islands, change: what } of kept) {
    const why = reason === state ? '' : ` (${reason})`;
    io.out(`\n${titles(works)}: ${state}${why}${message === '' ? '' : `: ${message}`}\n`);
    for (const line of failure ? evidenceOf(failure, message) : []) io.out(`  ${line}\n`);
    if (islands && islands.length > 0) {
      const rows = islands.map((one) => [`  ${one.island}`, one.reason, one.message]);
      io.out(table(['  ISLAND', 'REASON', 'WHY'], rows, painter(io)));
    }
    io.out(`  To change: ${what}\n`);
  }
  if (change !== undefined) io.out(`  To change: ${change}\n`);
  else if (kept.length === 0 && run.status?.state !== 'Complete') io.out('Nothing keeps it.\n');
  for (const { works, message } of waiting) {
    const waits = works.length === 1 ? 'waits for its inputs' : 'wait for their inputs';
    io.out(`\n${titles(works)} ${waits}${message === '' ? '' : `: ${message}`}\n`);
  }
  const { name } = run.metadata;
  if (run.status?.state === 'Complete')
    call.next(`atoll pull ${name} ./${name}`, 'bring its ensemble here, every digest verified');
  else call.next(`atoll watch ${name}`, 'see it go on');
}

/** `experts 1, 3 and 4`, `router and evaluation`. */
function titles(works: readonly string[]): string {
  const [first = ''] = works;
  if (works.length === 1) return first;
  const experts = works.every((work) => work.startsWith('expert '));
  const names = experts ? works.map((work) => work.replace('expert ', '')) : works;
  return `${experts ? 'experts ' : ''}${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
