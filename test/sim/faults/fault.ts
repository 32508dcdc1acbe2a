/** What a fault is: it begins at its time in a world, and what it returns ends it. */
import type { FaultKind } from '../plan.ts';
import type { Dice } from '../random.ts';
import type { World } from '../world.ts';

export interface Fault extends FaultKind {
  /** `fired` is called each time it has had an effect; without an end it heals by itself. */
  begin(world: World, how: { dice: Dice; lasts: number; fired: () => void }): (() => void) | undefined;
}

/** Calls `fired` once when a count that the world keeps has grown by the time the fault ends. */
export function counted(read: () => number, fired: () => void, end: () => void): () => void {
  const before = read();
  return () => {
    if (read() > before) fired();
    end();
  };
}
