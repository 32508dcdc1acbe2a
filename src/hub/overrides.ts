/** What is different for single experts: their resources, their params by key, and where they may run. Pure. */
import type { ExpertTraining } from '../api/experttraining.ts';

export interface ExpertPart {
  part: ExpertTraining['spec']['expert'];
  /** Labels that its island must have. */
  matchLabels: Record<string, string>;
}

/** The program of one expert, and where it may run; of two overrides that name it the later one wins. */
export function expertPart({ spec }: Pick<ExpertTraining, 'spec'>, index: number): ExpertPart {
  let part = spec.expert;
  let matchLabels = spec.placement.islands.matchLabels ?? {};
  for (const { experts, resources, params, islands } of spec.overrides ?? []) {
    if (!experts.includes(index)) continue;
    if (resources) part = { ...part, resources };
    if (params) part = { ...part, params: { ...part.params, ...params } };
    if (islands) matchLabels = islands.matchLabels ?? {};
  }
  return { part, matchLabels };
}

/** What is wrong with the overrides of a run of so many experts. */
export function wrongOverride({ overrides = [], dataset }: ExpertTraining['spec'], experts: number): string | undefined {
  for (const [at, override] of overrides.entries()) {
    const over = override.experts.find((index) => index >= experts);
    if (over !== undefined) {
      return `spec.overrides[${at}].experts has ${over} and every index must be below ${experts}, the experts of data set ${dataset}`;
    }
  }
  return undefined;
}
