/** One cut of a wire that several scenarios share, because each cut costs a minute and more of waiting. */
import { systemClock as clock } from '../../../src/clock.ts';
import type { IslandName, World } from './world.ts';

/** Where all members meet before the wire changes. */
interface Meeting {
  missing: number;
  held: PromiseWithResolvers<number>;
  change: () => Promise<void>;
}

/** The wire is cut when every member is ready and mended when every member has seen enough, or failed. */
export class SharedCut {
  readonly #world: () => World;
  readonly #cut: Meeting;
  readonly #mend: Meeting;

  constructor(world: () => World, island: IslandName, members: number) {
    const meeting = (change: () => Promise<void>): Meeting => ({ missing: members, held: Promise.withResolvers(), change });
    this.#world = world;
    this.#cut = meeting(() => world().cut(island));
    this.#mend = meeting(() => world().mend(island));
  }

  /**
   * Runs `prepare` before the cut, `look` behind it (with when it was cut, ms of the clock) and `after` once the wire is whole again
   * (with when that was).
   */
  async run<P, L>(
    prepare: () => Promise<P>,
    look: (prepared: P, cutAt: number) => Promise<L>,
    after: (prepared: P, looked: L, mendedAt: number) => Promise<void>,
  ): Promise<void> {
    const world = this.#world();
    world.enter();
    try {
      const prepared = await arrive(this.#cut, prepare).catch(async (error: unknown) => {
        await arrive(this.#mend, async () => undefined);
        throw error;
      });
      const looked = await arrive(this.#mend, async () => look(prepared, await this.#cut.held.promise));
      await after(prepared, looked, await this.#mend.held.promise);
    } finally {
      world.leave();
    }
  }
}

/** Does the work, and then waits for all others, also when the work failed. */
async function arrive<T>(meeting: Meeting, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    meeting.missing--;
    if (meeting.missing === 0) meeting.change().then(() => meeting.held.resolve(clock.now()), meeting.held.reject);
    await meeting.held.promise;
  }
}
