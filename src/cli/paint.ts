/** Colours of words that say a state, for those who see them; the word is there in any case. */
import { styleText } from 'node:util';
import type { Paint } from './table.ts';
import type { Io } from './verb.ts';

const colors = {
  green: 'Running Complete Accepted Ready Succeeded Routing Evaluating True ok Normal',
  yellow:
    'Pending Preparing Waiting Queued Starting Publishing Stopping Suspended Stopped Partitioning NotJoined Unknown Warning older newer',
  red: 'Failed Blocked Unreachable NotReady wrong damaged',
} as const;
const colorOf = new Map(
  (['green', 'yellow', 'red'] as const).flatMap((color) => colors[color].split(' ').map((word) => [word, color] as const)),
);

/** Paints a cell that begins with a state; a cell as it is where colours are not wanted. */
export function painter(io: Io): Paint {
  if (!io.color) return (cell) => cell;
  return (cell) => {
    const [word = ''] = cell.split(/[ ,]/, 1);
    const color = colorOf.get(word);
    return color === undefined ? cell : styleText(color, cell, { validateStream: false });
  };
}
