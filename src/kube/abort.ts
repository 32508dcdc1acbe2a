/** A child AbortController that follows its parent and lets go of it again, so that long-lived signals gather no listeners. */

export interface Linked {
  signal: AbortSignal;
  abort(reason: unknown): void;
  /** Must be called when the work is over. */
  unlink(): void;
}

export function link(parent: AbortSignal | undefined): Linked {
  const controller = new AbortController();
  const follow = () => controller.abort(parent?.reason);
  if (parent?.aborted) follow();
  else parent?.addEventListener('abort', follow, { once: true });
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    unlink: () => parent?.removeEventListener('abort', follow),
  };
}
