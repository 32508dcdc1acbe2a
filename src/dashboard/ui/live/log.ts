/** The log of a work as it is written: lines in batches, the newest kept. */
import { signal } from '@preact/signals';
import { type Asked, open, why } from './ask.ts';
import { appended, type Lines } from './lines.ts';

export interface LogState extends Lines {
  /** `asking` until the server answers; `reading` though there may be no line yet. */
  state: 'asking' | 'reading' | 'ended' | 'failed';
  /** Why it ended early. */
  error?: string;
}

/** Reads until the log ends, or the signal is aborted; what is read is in the signal at most four times a second. */
export function readLog(asked: Asked, stop: AbortSignal) {
  const log = signal<LogState>({ state: 'asking', first: 0, lines: [] });
  void follow(asked, stop, (change) => {
    log.value = { ...log.peek(), ...change };
  });
  return log;
}

async function follow(asked: Asked, stop: AbortSignal, tell: (change: Partial<LogState>) => void): Promise<void> {
  let kept: Lines & { rest: string } = { first: 0, lines: [], rest: '' };
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = () => {
    timer = undefined;
    if (!stop.aborted) tell({ first: kept.first, lines: kept.lines });
  };
  try {
    const response = await open('log', { ...asked, signal: stop });
    tell({ state: 'reading' });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    for (let piece = await reader?.read(); piece && !piece.done; piece = await reader?.read()) {
      kept = appended(kept, kept.rest, piece.value);
      timer ??= setTimeout(flush, 250);
    }
    clearTimeout(timer);
    tell({ first: kept.first, lines: kept.rest === '' ? kept.lines : [...kept.lines, kept.rest], state: 'ended' });
  } catch (error) {
    clearTimeout(timer);
    if (!stop.aborted) tell({ first: kept.first, lines: kept.lines, state: 'failed', error: why(error) });
  }
}
