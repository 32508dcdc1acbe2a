/** The table of seeded bugs in docs/simulation.md: which plan found which, written between two marks. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkout } from '../../../local/paths.ts';
import type { Found } from './hunt.ts';

const [from, to] = ['<!-- bugs: begin -->', '<!-- bugs: end -->'];

export function bugTable(found: readonly Found[]): string {
  const rows = found.map(({ bug, seed, invariant, plans, holdsWithout }) => {
    const plan = seed === undefined ? `not found in ${plans} plans` : `${seed}`;
    const broke = seed === undefined ? '' : `${invariant ?? ''}${holdsWithout ? '' : ' (also without it)'}`;
    return `| ${bug.name} | ${bug.about} | ${bug.faults?.join(', ') || (bug.faults ? 'none' : 'every kind')} | ${plan} | ${broke} |`;
  });
  return ['| bug | what it does | faults of its plans | plan | invariant |', '|---|---|---|---|---|', ...rows].join('\n');
}

/** Writes the table into the page. */
export async function writeBugTable(found: readonly Found[]): Promise<void> {
  const path = join(checkout, 'docs/simulation.md');
  const text = await readFile(path, 'utf8');
  const [begin, end] = [text.indexOf(from), text.indexOf(to)];
  if (begin < 0 || end < begin) throw new Error(`cannot write the table of bugs: ${path} lacks the marks ${from} and ${to}`);
  await writeFile(path, `${text.slice(0, begin + from.length)}\n${bugTable(found)}\n${text.slice(end)}`);
}
