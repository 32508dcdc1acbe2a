/** How each state looks: a word, a shape and a tone, so that none of them is told by colour alone. */

/** What a state means for whoever looks: good, at work, waiting, to be watched, broken, or over. */
export type Tone = 'good' | 'work' | 'wait' | 'watch' | 'bad' | 'quiet';
export type Shape = 'check' | 'play' | 'ring' | 'clock' | 'pause' | 'triangle' | 'cross' | 'question' | 'square' | 'arrow';

export interface Look {
  tone: Tone;
  shape: Shape;
}

const looks: Record<string, Look> = {
  // Runs and data sets.
  Preparing: { tone: 'work', shape: 'arrow' },
  Partitioning: { tone: 'work', shape: 'arrow' },
  Routing: { tone: 'work', shape: 'play' },
  Evaluating: { tone: 'work', shape: 'play' },
  Complete: { tone: 'good', shape: 'check' },
  Ready: { tone: 'good', shape: 'check' },
  Degraded: { tone: 'watch', shape: 'triangle' },
  // Works and jobs.
  Waiting: { tone: 'wait', shape: 'ring' },
  Pending: { tone: 'wait', shape: 'ring' },
  Queued: { tone: 'wait', shape: 'clock' },
  Starting: { tone: 'work', shape: 'arrow' },
  Running: { tone: 'work', shape: 'play' },
  Publishing: { tone: 'work', shape: 'arrow' },
  Stopping: { tone: 'wait', shape: 'arrow' },
  Suspended: { tone: 'wait', shape: 'pause' },
  Accepted: { tone: 'good', shape: 'check' },
  Succeeded: { tone: 'good', shape: 'check' },
  Blocked: { tone: 'bad', shape: 'cross' },
  Failed: { tone: 'bad', shape: 'cross' },
  Stopped: { tone: 'quiet', shape: 'square' },
  // Islands.
  NotReady: { tone: 'watch', shape: 'triangle' },
  Unreachable: { tone: 'watch', shape: 'question' },
  NotJoined: { tone: 'wait', shape: 'ring' },
  Cordoned: { tone: 'wait', shape: 'pause' },
};

/** A state that this page does not know yet is shown by its word, quietly. */
export const lookOf = (state: string): Look => looks[state] ?? { tone: 'quiet', shape: 'ring' };

/** A state in words between words: `NotJoined` becomes `not joined`. */
export const inWords = (state: string): string => state.replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase();
