/** Tells a person what goes on: one line rewritten in place on a terminal, a line now and then in a log. */

export interface Progress {
  /** Says that `text` is being done now, with the time it takes. */
  start(text: string): Step;
  /** Prints a line that stays. */
  say(text: string): void;
}

export interface Step {
  /** Replaces the detail behind the text. */
  detail(text: string): void;
  done(result?: string): void;
  failed(): void;
}

export const silent: Progress = { start: () => ({ detail() {}, done() {}, failed() {} }), say() {} };

/** Seconds as `45 s` or `3 min 05 s`. */
export function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  if (seconds < 90) return `${seconds} s`;
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
}

/** Writes to `stream`; a step that lasts says so every second on a terminal, every 20 seconds elsewhere. */
export function createProgress(stream: NodeJS.WriteStream = process.stderr): Progress {
  const terminal = stream.isTTY;
  const say = (text: string) => void stream.write(terminal ? `\r\x1b[K${text}\n` : `${text}\n`);
  return {
    say,
    start(text) {
      const began = Date.now();
      let detail = '';
      const line = () => `${text} ... ${duration(Date.now() - began)}${detail ? `, ${detail}` : ''}`;
      const show = () => void (terminal ? stream.write(`\r\x1b[K${line().slice(0, (stream.columns ?? 100) - 1)}`) : say(line()));
      const timer = setInterval(show, terminal ? 1000 : 20_000);
      timer.unref();
      if (terminal) show();
      const end = (word: string) => {
        clearInterval(timer);
        say(`${text}: ${word} (${duration(Date.now() - began)})`);
      };
      return { detail: (value) => void (detail = value), done: (result = 'done') => end(result), failed: () => end('FAILED') };
    },
  };
}
