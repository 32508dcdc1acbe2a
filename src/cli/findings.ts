/** What a check found, line by line, each with what to do about it. */
import { painter } from './paint.ts';
import type { Call } from './verb.ts';

export interface Finding {
  /** `wrong`: something will not work. `warning`: something does not work for somebody, or soon will not. */
  verdict: 'ok' | 'warning' | 'wrong';
  what: string;
  /** What to do; for everything that is not ok. */
  fix?: string;
}

export const ok = (what: string): Finding => ({ verdict: 'ok', what });
export const warning = (what: string, fix: string): Finding => ({ verdict: 'warning', what, fix });
export const wrong = (what: string, fix: string): Finding => ({ verdict: 'wrong', what, fix });

/** Prints them; the exit code is 1 when something is wrong. */
export function printFindings(call: Call, findings: readonly Finding[]): number {
  const paint = painter(call.io);
  for (const { verdict, what, fix } of findings) {
    call.io.out(`${paint(verdict)}${' '.repeat(9 - verdict.length)}${what}\n`);
    if (fix !== undefined) call.io.out(`         fix: ${fix}\n`);
  }
  return findings.some(({ verdict }) => verdict === 'wrong') ? 1 : 0;
}
