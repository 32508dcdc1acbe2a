/** Kubernetes quantities as far as capacity needs them: CPUs and bytes. */

const units: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  m: 1e-3,
};

/** The number a quantity stands for; 0 for one that is absent or not understood, so that capacity is never overstated. */
export function quantity(text: string | undefined): number {
  const match = /^([0-9]+(?:\.[0-9]+)?)(m|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?$/.exec(text ?? '');
  return match ? Number(match[1]) * (units[match[2] ?? ''] ?? 0) : 0;
}

/** CPUs with at most one millicore of precision. */
export function cpuText(cores: number): string {
  return Number.isInteger(cores) ? String(cores) : `${Math.round(cores * 1000)}m`;
}

/** Whole mebibytes, as gibibytes where that is exact. */
export function bytesText(bytes: number): string {
  const mebi = Math.floor(bytes / 2 ** 20);
  return mebi % 1024 === 0 ? `${mebi / 1024}Gi` : `${mebi}Mi`;
}
