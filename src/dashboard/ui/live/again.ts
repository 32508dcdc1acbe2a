/** Asks for the same thing again and again, however often that is wished for: one question at a time, each let finish, and a pause between two. */

/** Shortest time from one answer to the next question, in milliseconds. */
export const pauseMs = 1000;

export interface Again {
  /** The answer may have changed. */
  want(): void;
  /** Nothing is told any more. */
  stop(): void;
}

/**
 * What changes all the time must not keep its own answer from arriving: a wish that comes while a question is under way does not end that
 * question, it brings one more after it. `once` is told of the end by its signal.
 */
export function againAndAgain(once: (signal: AbortSignal) => Promise<void>): Again {
  const ended = new AbortController();
  let wanted = false;
  let busy = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  async function begin(): Promise<void> {
    timer = undefined;
    busy = true;
    wanted = false;
    await once(ended.signal);
    busy = false;
    if (ended.signal.aborted) return;
    timer = setTimeout(() => {
      timer = undefined;
      if (wanted) void begin();
    }, pauseMs);
  }

  return {
    want() {
      wanted = true;
      if (!busy && timer === undefined && !ended.signal.aborted) void begin();
    },
    stop() {
      clearTimeout(timer);
      ended.abort();
    },
  };
}
