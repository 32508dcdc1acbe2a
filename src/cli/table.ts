/** Tables and lists for people. */

/** How one cell is shown; its visible width must not change. */
export type Paint = (cell: string) => string;

/** Columns as wide as their widest cell, three spaces apart, as kubectl prints them. */
export function table(head: readonly string[], rows: readonly (readonly string[])[], paint: Paint = (cell) => cell): string {
  const lines = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const text = (line: readonly string[]) => {
    const last = line.findLastIndex((cell) => cell !== '');
    const cells = line.slice(0, last + 1);
    return cells
      .map((cell, column) => paint(cell) + (column < last ? ' '.repeat((widths[column] ?? 0) + 3 - cell.length) : ''))
      .join('');
  };
  return `${lines.map(text).join('\n')}\n`;
}

/** The first ten, and how many more there are. */
export function some(names: readonly string[]): string {
  const more = names.length - 10;
  return names.slice(0, 10).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
