/** The time as the server has it, for ages: a browser's clock may be minutes off. */
import { signal } from '@preact/signals';

/** Milliseconds by which the server's clock is ahead of this browser's. */
let ahead = 0;

/** The server's time to the second; whoever reads it is shown anew each second. */
export const now = signal(Date.now());

/** The server said what time it has. */
export function serverTime(ms: number): void {
  ahead = ms - Date.now();
  now.value = Date.now() + ahead;
}

export function startClock(): void {
  setInterval(() => {
    if (!document.hidden) now.value = Date.now() + ahead;
  }, 1000);
}
