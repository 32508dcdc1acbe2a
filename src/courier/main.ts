/** `runCourier`: one of the two courier commands in a training pod. */
import { type CourierResult, restoreExitCodes } from '../api/courier.ts';
import type { Clock, Random } from '../clock.ts';
import type { Log } from '../log.ts';
import type { ObjectStore } from '../store/object-store.ts';
import {
  CourierConfigurationError,
  type CourierContext,
  type CourierPaths,
  defaultPaths,
  type Pod,
  readConfig,
  storeOpener,
} from './context.ts';
import { type PublishOptions, publish } from './publish.ts';
import { restore } from './restore.ts';
import { writeResult } from './result.ts';

export interface CourierOptions extends PublishOptions {
  command: 'restore' | 'publish';
  configPath: string;
  pod: Pod;
  clock: Clock;
  random: Random;
  log: Log;
  /** SIGTERM. */
  signal: AbortSignal;
  /** Where files lie, when not where a training pod has them. */
  paths?: Partial<CourierPaths>;
  /** How stores are opened, when not by the configuration and mounted credentials. */
  store?: (name: string) => ObjectStore;
  /** How long one step of restore waits for the store. */
  patienceMs?: number;
}

/** Runs the command; the number is the exit code of the process. */
export async function runCourier(options: CourierOptions): Promise<number> {
  const { pod, clock, random, log, signal } = options;
  const paths = { ...defaultPaths, ...options.paths };
  try {
    const config = await readConfig(options.configPath);
    if (pod.uid === '')
      throw new CourierConfigurationError('cannot tell this pod from others: ATOLL_POD_UID is empty; set it by the downward API');
    const store = options.store ?? storeOpener(config, paths.stores, clock);
    const { islandJob, placement, attempt } = config.attempt;
    const context: CourierContext = {
      config,
      pod,
      paths,
      clock,
      random,
      log: log.child({ islandJob, placement, attempt, ...(pod.index === 0 ? {} : { index: pod.index }) }),
      store,
    };
    // Both fail here, and not in the middle, when the output has no store.
    store(config.output.store);
    return options.command === 'restore'
      ? await restore(context, signal, options.patienceMs)
      : await publish(context, signal, options);
  } catch (error) {
    if (!(error instanceof CourierConfigurationError)) throw error;
    log.error({ why: error.message }, 'cannot work with this configuration');
    const result: CourierResult = { v: 1, reason: 'Configuration', message: error.message.slice(0, 300) };
    await writeResult({ paths, log }, result);
    return restoreExitCodes.configuration;
  }
}
