/** What a run of many plans showed, in tables for people. */
import type { Outcome } from './run.ts';

export interface Tally {
  plans: number;
  failed: Outcome[];
  /** By fault: plans in which it struck, and how often. */
  faults: Map<string, { plans: number; times: number }>;
  /** By number of the invariant. */
  dangers: Map<number, { plans: number; times: number }>;
  states: Map<string, number>;
  simulatedSeconds: number;
  cpuMs: number;
  facts: number;
}

export const newTally = (): Tally => ({
  plans: 0,
  failed: [],
  faults: new Map(),
  dangers: new Map(),
  states: new Map(),
  simulatedSeconds: 0,
  cpuMs: 0,
  facts: 0,
});

export function count(tally: Tally, outcome: Outcome, cpuMs: number): void {
  const add = <K>(to: Map<K, { plans: number; times: number }>, key: K, times: number) => {
    const { plans, times: before } = to.get(key) ?? { plans: 0, times: 0 };
    to.set(key, { plans: plans + (times > 0 ? 1 : 0), times: before + times });
  };
  tally.plans++;
  tally.simulatedSeconds += outcome.seconds;
  tally.cpuMs += cpuMs;
  tally.facts += outcome.facts;
  tally.states.set(outcome.state, (tally.states.get(outcome.state) ?? 0) + 1);
  for (const [name, times] of Object.entries(outcome.fired)) add(tally.faults, name, times);
  for (const [number, times] of Object.entries(outcome.danger)) add(tally.dangers, Number(number), times);
  if (outcome.violations.length > 0) tally.failed.push(outcome);
}

/** `faults` and `invariants` are all there are, so that one which never came is listed too. */
export function reportOf(
  tally: Tally,
  faults: readonly string[],
  invariants: readonly { number: number; title: string }[],
): string {
  const table = (rows: string[][]) => {
    const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
    return rows
      .map(
        (row) =>
          `  ${row
            .map((cell, column) => cell.padEnd(widths[column] ?? 0))
            .join('  ')
            .trimEnd()}`,
      )
      .join('\n');
  };
  const never = (row: { times: number } | undefined, word: string) => (row === undefined || row.times === 0 ? word : '');
  const faultRows = faults.map((name) => {
    const row = tally.faults.get(name);
    return [name, String(row?.plans ?? 0), String(row?.times ?? 0), never(row, 'NEVER FIRED')];
  });
  const dangerRows = invariants.map(({ number, title }) => {
    const row = tally.dangers.get(number);
    return [`${number}. ${title}`, String(row?.plans ?? 0), String(row?.times ?? 0), never(row, 'NEVER IN DANGER')];
  });
  const states = [...tally.states].toSorted(([a], [b]) => a.localeCompare(b)).map(([state, many]) => `${state} ${many}`);
  return [
    'Faults:',
    table([['', 'plans', 'times', ''], ...faultRows]),
    '',
    'Invariants, and how often each was in danger:',
    table([['', 'plans', 'times', ''], ...dangerRows]),
    '',
    `Trainings ended: ${states.join(', ')}`,
    `${tally.plans} plans, ${tally.facts} facts, ${Math.round(tally.simulatedSeconds / 3600)} hours of simulated time`,
    `${(tally.cpuMs / 1000 / Math.max(1, tally.plans)).toFixed(2)} CPU-seconds a plan`,
  ].join('\n');
}

export function failureOf({ seed, violations }: Outcome): string {
  const said = violations.map(
    ({ invariant, message, at }) => `  ${(at / 1000).toFixed(3)} s, invariant ${invariant}: ${message}`,
  );
  return [`Plan ${seed} broke:`, ...said, `  see it again: npm run sim -- --seed ${seed}`].join('\n');
}
