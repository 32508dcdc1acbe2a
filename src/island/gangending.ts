/** The end of an attempt as one of its pods tells it: pod 0, unless another member of its gang brought it down. */
import type { OpenAttempt } from './attempt.ts';
import { provenFinal } from './classify.ts';
import { type Ending, endingOf, type Given } from './ending.ts';
import { indexOf } from './jobview.ts';
import type { Observed } from './observed.ts';

/** A published final of pod 0 is a success whatever befell the others afterwards. */
export function gangEnding(attempt: OpenAttempt, observed: Observed, given: Given): Ending {
  const { main, failed } = attempt;
  const { lostNodes, job, nodeHealth } = observed;
  const ofMain = endingOf(main, lostNodes, given, nodeHealth);
  if (failed === undefined || given.why !== 'Finished' || provenFinal(ofMain)) return ofMain;
  // It ended before it was told to, so that it was deleted afterwards says nothing.
  const ofFailed: Ending = { ...endingOf(failed, lostNodes, given, nodeHealth), podDeleted: false };
  if (failed === main) return ofFailed;
  const node = failed.spec.nodeName;
  return {
    ...ofFailed,
    member: { index: indexOf(failed), nodes: job.spec.nodes, ...(node === undefined ? {} : { node }) },
  };
}
