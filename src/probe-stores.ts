/** `atoll probe`: whether every store of the settings does what Atoll stands on, said before anything is trained on it. */
import { systemClock, systemRandom } from './clock.ts';
import type { HubRoleSettings, StandaloneSettings } from './settings.ts';
import { createObjectStore } from './store/client.ts';
import { readCredentials } from './store/credentials.ts';
import { probe } from './store/probe.ts';

/** One line a store through `say`; false when any cannot be used. The credentials must be allowed to write and delete. */
export async function probeStores(settings: StandaloneSettings | HubRoleSettings, say: (line: string) => void): Promise<boolean> {
  let good = true;
  for (const config of settings.stores) {
    const store = createObjectStore(config, () => readCredentials(config.credentialsDir), { clock: systemClock });
    const where = `store ${config.name} (bucket ${config.bucket})`;
    try {
      const { ok, missing } = await probe(store, '', systemRandom);
      say(ok ? `${where}: can be used` : `${where}: cannot be used, it lacks ${missing.join('; ')}`);
      good &&= ok;
    } catch (error) {
      say(`${where}: cannot be probed: ${error instanceof Error ? error.message : String(error)}`);
      good = false;
    }
  }
  return good;
}
