/** A fixed number of slots, given out in the order they were asked for. */

export interface Gate {
  /** Resolves, when a slot is free, with the function that gives it back; rejects with the signal's reason. */
  enter(signal?: AbortSignal): Promise<() => void>;
}

export function createGate(slots: number): Gate {
  let free = slots;
  const waiting = new Set<() => void>();

  const leave = () => {
    const [next] = waiting;
    if (next) next();
    else free++;
  };
  const slot = () => {
    let left = false;
    return () => {
      if (!left) leave();
      left = true;
    };
  };

  return {
    enter: (signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason as Error);
        if (free > 0) {
          free--;
          return resolve(slot());
        }
        const abort = () => {
          waiting.delete(take);
          reject(signal?.reason as Error);
        };
        const take = () => {
          waiting.delete(take);
          signal?.removeEventListener('abort', abort);
          resolve(slot());
        };
        waiting.add(take);
        signal?.addEventListener('abort', abort, { once: true });
      }),
  };
}
