/** A manager over the API server in memory, with a clock of its own; everything started is stopped after the test. */
import { createManager } from '../../src/kube/manager.ts';
import { silentLog } from '../../src/kube/types.ts';
import { createFakeClock, createSeededRandom } from './fake-clock.ts';
import { createMemoryApi, type Interceptor } from './memory-client.ts';

const stops: (() => Promise<void>)[] = [];

/** To be called after each test. */
export async function stopWorlds(): Promise<void> {
  for (const stop of stops.splice(0)) await stop();
}

export function buildWorld(intercept?: Interceptor) {
  const clock = createFakeClock();
  const random = createSeededRandom();
  const api = createMemoryApi({ clock, random });
  const client = api.client(intercept ? { intercept } : {});
  const context = { client, clock, random, log: silentLog };
  const manager = createManager(context);
  const start = () => {
    const stop = new AbortController();
    const run = manager.run(stop.signal);
    const failed = run.then(
      () => undefined,
      (error: unknown) => error,
    );
    stops.push(async () => {
      stop.abort();
      await failed;
    });
    return { stop: () => stop.abort(), run, failed };
  };
  return { clock, random, api, client, context, manager, start };
}
