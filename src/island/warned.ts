/** Which of the warnings of Kubernetes say something that the others do not. Pure. */

/** The kubelet repeats by the name of a reason alone what it has said in words: `Failed: Error: ErrImagePull`. */
const nameOnly = /^\w+: Error: [A-Z]\w+$/;
/** It waits, as it says, because of something that it has said before. */
const backOff = /^BackOff: /;

/** Numbers and container hashes are what differs between two tellings of one trouble. */
const alike = (text: string) => text.replaceAll(/[0-9a-f]{8,}|[0-9]+/gi, '');

/** As `Reason: words`, oldest first; of those that say the same the newest stays, and what only names a reason goes when another says why. */
export function telling(warnings: readonly string[]): string[] {
  const newest = warnings.filter((text, index) => !warnings.slice(index + 1).some((later) => alike(later) === alike(text)));
  const words = newest.filter((text) => !nameOnly.test(text) && !backOff.test(text));
  return words.length > 0 ? words : newest;
}
