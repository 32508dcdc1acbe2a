/** The table of `npm run demo -- --compare`: the ensemble beside single models of the same training compute. */

export interface Compared {
  /** What was trained, in a few words. */
  title: string;
  /** Metrics of the evaluation, decimal numbers as text. */
  metrics: Readonly<Record<string, string>>;
}

const STRATEGIES = ['full', 'top1', 'top2', 'oracle'] as const;

/** One row for each training and strategy, as lines of text. Distances are means over the same sampling seeds. */
export function comparison(results: readonly Compared[]): string[] {
  const rows = results.flatMap(({ title, metrics }) =>
    STRATEGIES.filter((strategy) => metrics[`fd.${strategy}`] !== undefined).map((strategy, index, all) => [
      index === 0 ? title : '',
      all.length === 1 ? 'alone' : strategy,
      metrics[`val.${strategy}`] ?? '',
      metrics[`fd.${strategy}`] ?? '',
      metrics[`fd.${strategy}.spread`] ?? '',
      metrics[`agree.${strategy}`] ?? '',
      index === 0 ? parameters(metrics) : '',
    ]),
  );
  const header = ['trained', 'strategy', 'held-out loss', 'Fréchet distance', 'spread', 'agreement', 'parameters'];
  const widths = header.map((cell, column) => Math.max(cell.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return [line(header), widths.map((width) => '-'.repeat(width)).join('  '), ...rows.map(line)];
}

function parameters(metrics: Readonly<Record<string, string>>): string {
  const router = Number(metrics['parameters.router'] ?? 0);
  return `${thousands(metrics['parameters'])}${router > 0 ? ` + ${thousands(String(router))} router` : ''}`;
}

function thousands(value: string | undefined): string {
  return value === undefined ? '' : `${Math.round(Number(value) / 1000)}k`;
}
