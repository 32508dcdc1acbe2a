/** The API server in memory behaves as the real one, and like nothing that depends on the time of day. */
import { conformance } from './conformance.ts';
import { createFakeClock, createSeededRandom } from './fake-clock.ts';
import { createMemoryApi } from './memory-client.ts';

conformance('the API server in memory', async () => {
  const api = createMemoryApi({ clock: createFakeClock(), random: createSeededRandom() });
  return { client: api.client(), [Symbol.asyncDispose]: async () => {} };
});
