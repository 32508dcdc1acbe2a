/** The object stores of the settings, opened with the operator's own credentials, by the name that users write. */
import type { Clock } from './clock.ts';
import type { HubRoleSettings } from './settings.ts';
import { createObjectStore } from './store/client.ts';
import { readCredentials } from './store/credentials.ts';
import type { ObjectStore } from './store/object-store.ts';

export function openStores(stores: HubRoleSettings['stores'], clock: Clock): Map<string, ObjectStore> {
  return new Map(
    stores.map((store) => [store.name, createObjectStore(store, () => readCredentials(store.credentialsDir), { clock })]),
  );
}
