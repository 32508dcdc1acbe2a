/** What both courier commands work with: the configuration, where files lie, the stores, and the result they leave behind. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { contractPaths } from '../api/contract.ts';
import { type CourierConfig, courierConfig, courierPaths } from '../api/courier.ts';
import type { Clock, Random } from '../clock.ts';
import type { Log } from '../log.ts';
import { createObjectStore } from '../store/client.ts';
import { readCredentials } from '../store/credentials.ts';
import type { ObjectStore } from '../store/object-store.ts';

export interface Pod {
  uid: string;
  name: string;
  node: string;
  /** Place in its gang; 0 for a pod that is alone. */
  index: number;
}

export interface CourierPaths {
  inputs: string;
  resume: string;
  output: string;
  progress: string;
  home: string;
  /** Folder with one folder of credential files per store. */
  stores: string;
  claimed: string;
  /** What restore found, for publish. */
  restored: string;
  /** The course of the training, for a courier that is started again. */
  history: string;
  termination: string;
}

export const defaultPaths: CourierPaths = {
  inputs: contractPaths.inputs,
  resume: contractPaths.resume,
  output: contractPaths.output,
  progress: contractPaths.progress,
  home: contractPaths.home,
  stores: courierPaths.stores,
  claimed: courierPaths.claimed,
  restored: join(contractPaths.work, '.restored'),
  history: join(contractPaths.work, '.history.json'),
  termination: courierPaths.termination,
};

export interface CourierContext {
  config: CourierConfig;
  pod: Pod;
  paths: CourierPaths;
  clock: Clock;
  random: Random;
  log: Log;
  /** The store of that name; opened once. */
  store(name: string): ObjectStore;
}

/** The courier was told something that no retry mends. */
export class CourierConfigurationError extends Error {
  override readonly name = 'CourierConfigurationError';
}

export async function readConfig(path: string): Promise<CourierConfig> {
  try {
    return courierConfig.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause);
    throw new CourierConfigurationError(`cannot read the courier's configuration ${path}: ${why}`, { cause });
  }
}

/** Opens stores by name with the credentials in `<stores>/<name>/`, read again every few minutes so that rotated ones are used. */
export function storeOpener(config: CourierConfig, folder: string, clock: Clock): (name: string) => ObjectStore {
  const open = new Map<string, ObjectStore>();
  return (name) => {
    const existing = open.get(name);
    if (existing !== undefined) return existing;
    const found = config.stores.find((store) => store.name === name);
    if (found === undefined) {
      const known = config.stores.map((store) => store.name).join(', ');
      throw new CourierConfigurationError(`cannot find the store ${name}: this island knows ${known}`);
    }
    const store = createObjectStore(found, () => readCredentials(join(folder, name)), { clock });
    open.set(name, store);
    return store;
  };
}
