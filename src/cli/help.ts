/** The lists of verbs that help prints, by what a person wants to do. */
import type { Verb } from './verb.ts';

export type Verbs = Readonly<Record<string, Verb>>;

/** Every verb that people see stands in one group; a test holds that. */
export const groups: readonly [title: string, names: readonly string[]][] = [
  ['Begin', ['check', 'init', 'plan']],
  ['Look', ['get', 'watch', 'explain', 'events', 'logs', 'top', 'report', 'ui', 'dashboard']],
  ['Steer', ['suspend', 'resume', 'retry', 'move', 'wait']],
  ['Results', ['pull', 'checkpoints ls', 'checkpoints verify', 'checkpoints pull']],
  [
    'Islands',
    [
      ...['add', 'ls', 'check', 'cordon', 'uncordon', 'drain', 'undrain', 'remove', 'adopt', 'forget'].map(
        (word) => `island ${word}`,
      ),
      'link init',
    ],
  ],
  ['Other', ['version', 'completion']],
];

export const exitCodeHelp = `Exit codes: 0 done; 1 it cannot be done, or what was waited for failed; 2 the command line cannot be understood;
3 the time given is over; 4 an object in the bucket is not what its manifest says; 130 interrupted.
`;

const width = 18;
const line = (name: string, verb: Verb) => `  ${name.padEnd(width)} ${verb.summary}\n`;

/** What `atoll --help` prints. */
export function rootHelp(verbs: Verbs): string {
  const parts = groups.map(([title, names]) => {
    const lines = names.flatMap((name) => (verbs[name] ? [line(name, verbs[name])] : []));
    return lines.length === 0 ? '' : `${title}:\n${lines.join('')}\n`;
  });
  return `Atoll trains decentralized diffusion models on compute islands.

Usage: atoll VERB [words] [options]      the same as kubectl atoll VERB

${parts.join('')}A run is named by the name of its ExpertTraining; @latest is the one that was made last. atoll VERB --help says more, with examples.

${exitCodeHelp}
The chart runs atoll hub, island, standalone, courier and probe with --config FILE; atoll hub --help says more.
`;
}

/** What `atoll island --help` prints. */
export function usageOf(verbs: Verbs, noun: string): string {
  const lines = Object.entries(verbs).filter(([name]) => name.startsWith(`${noun} `));
  return `Usage:\n${lines.map(([name, verb]) => `  atoll ${line(name, verb).slice(2)}`).join('')}\natoll ${noun} VERB --help says more, with examples.\n`;
}
