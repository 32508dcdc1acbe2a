/** The courier of a gang's other pods: it publishes nothing, keeps their disks free, and says so to a trainer that waits for its result. */
import type { CourierContext } from './context.ts';
import type { Output } from './output.ts';
import { writeResult } from './result.ts';

const WHY = 'only pod 0 of a gang publishes: save and finish in the process of rank 0 alone';

/** Until `stop`. What a trainer saves here would be a second truth: it is removed, and a final, which somebody waits for, refused. */
export async function accompany(context: CourierContext, output: Output, pollMs: number, stop: AbortSignal): Promise<void> {
  const { clock, log } = context;
  await writeResult(context, { v: 1, reason: 'NothingPublished' });
  let told = false;
  while (!stop.aborted) {
    for (const entry of await output.scan()) {
      if (entry.state !== 'Complete' && entry.state !== 'Invalid') continue;
      const final = entry.state === 'Complete' && entry.checkpoint.final;
      if (!told || final) log.warn({ checkpoint: entry.name }, WHY);
      told = true;
      await (final ? output.markRefused(entry.name, WHY) : output.drop(entry.name)).catch((error: unknown) => {
        log.warn({ checkpoint: entry.name, why: (error as Error).message }, 'cannot free the disk');
      });
    }
    await clock.sleep(pollMs, stop).catch(() => undefined);
  }
}
