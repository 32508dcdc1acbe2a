/** How long to wait before the stream is opened again. */

const firstMs = 500;
const mostMs = 15_000;

/** Milliseconds before attempt number `attempt` (from 1) after a lost stream; `random` in 0..1 spreads pages that lost it together. */
export function backoff(attempt: number, random: number): number {
  const whole = Math.min(mostMs, firstMs * 2 ** Math.min(attempt - 1, 10));
  return Math.round(whole * (0.5 + random / 2));
}
