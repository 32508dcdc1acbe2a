/** Lines drawn over those before them on a terminal, which is left as it was found. */
import type { Io } from './verb.ts';

export interface DrawnScreen {
  columns(): number;
  draw(lines: readonly string[]): void;
  /** Takes away what was drawn, so that a line can be said above. */
  erase(): void;
  /** Shows the cursor again, below what was drawn last. */
  leave(): void;
}

const hideCursor = '\u001b[?25l';
const showCursor = '\u001b[?25h';
const clearLine = '\u001b[2K';
const clearBelow = '\u001b[0J';

/** Undefined where `out` is no terminal. */
export function createScreen(io: Io): DrawnScreen | undefined {
  const { screen } = io;
  if (!screen) return undefined;
  let drawn = 0;
  let hidden = false;
  return {
    columns: () => screen.columns(),
    draw(lines) {
      const most = Math.max(1, screen.rows() - 1);
      const cut = lines.length > most ? [...lines.slice(0, most - 1), `... and ${lines.length - most + 1} lines more`] : lines;
      const up = drawn > 0 ? `\u001b[${drawn}A` : '';
      io.out(`${hidden ? '' : hideCursor}${up}${cut.map((line) => `${clearLine}${line}\n`).join('')}${clearBelow}`);
      hidden = true;
      drawn = cut.length;
    },
    erase() {
      if (drawn > 0) io.out(`\u001b[${drawn}A${clearBelow}`);
      drawn = 0;
    },
    leave() {
      if (hidden) io.out(showCursor);
      hidden = false;
    },
  };
}
