/** Waiting for a state with a limit, never for a time. */

/** Resolves with the first value of `probe` that is neither false, undefined nor an error; fails after `limitMs`. */
export async function eventually<R>(what: string, probe: () => R | Promise<R>, limitMs = 10_000): Promise<NonNullable<R>> {
  const end = performance.now() + limitMs;
  let last: unknown;
  for (;;) {
    try {
      const value = await probe();
      if (value !== false && value !== undefined && value !== null) return value;
      last = value;
    } catch (error) {
      last = error;
    }
    if (performance.now() > end) throw new Error(`${what}: not within ${limitMs} ms`, { cause: last });
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
