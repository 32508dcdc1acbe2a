/** Times as people read them: a quantile, and a histogram of text. */

const bounds = [50, 100, 200, 300, 500, 750, 1000, 1500, 2000, 3000, 5000];
const width = 50;

/** The smallest value that at least this share of the values does not exceed. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

/** Values in milliseconds. */
export function histogram(title: string, values: readonly number[]): string {
  const last = bounds.at(-1) ?? 0;
  const bins = [
    ...bounds.map((to, index) => ({ from: bounds[index - 1] ?? 0, to })),
    { from: last, to: Number.POSITIVE_INFINITY },
  ];
  const counted = bins.map(({ from, to }) => ({ from, to, count: values.filter((value) => value >= from && value < to).length }));
  const most = Math.max(1, ...counted.map(({ count }) => count));
  const lines = counted.map(({ from, to, count }) => {
    const range = Number.isFinite(to) ? `${from} to ${to} ms` : `over ${from} ms`;
    return `${range.padStart(16)} ${String(count).padStart(4)} ${'#'.repeat(Math.ceil((count / most) * width))}`;
  });
  const told = [0.5, 0.9, 0.99, 1].map((share) => `p${share * 100} ${Math.round(quantile(values, share))} ms`);
  return [title, ...lines, told.join(', ')].join('\n');
}
