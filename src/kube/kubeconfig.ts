/** A kubeconfig as kubectl reads it: one file, or several that are merged. */
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, dirname, resolve } from 'node:path';
import { KubeConfig, type User } from '@kubernetes/client-node';
import { parse } from 'yaml';

/**
 * `path` is a file, or a list of them as in KUBECONFIG. Of several the first that says something wins, for each name of a cluster, user or
 * context and for the current context, and those that do not exist are passed over. Throws when there is none, or one cannot be read.
 */
function readKubeConfig(path: string): KubeConfig {
  const [first, ...more] = filesOf(path).map((file) => {
    const config = new KubeConfig();
    config.loadFromFile(file);
    return config;
  });
  if (!first) throw new Error('none of these files exists');
  for (const next of more) merge(first, next);
  return first;
}

/** The library would throw for a name that two files have. */
function merge(config: KubeConfig, next: KubeConfig): void {
  const added = <T extends { name: string }>(old: readonly T[], fresh: readonly T[]): T[] => [
    ...old,
    ...fresh.filter(({ name }) => !old.some((one) => one.name === name)),
  ];
  config.clusters = added(config.clusters, next.clusters);
  config.users = added(config.users, next.users);
  config.contexts = added(config.contexts, next.contexts);
  config.currentContext ||= next.currentContext;
}

export interface Chosen {
  /** The service account of the pod this runs in when absent. */
  kubeconfig?: string | undefined;
  /** Instead of the current one. */
  context?: string | undefined;
}

/** The configuration that the options choose. */
export function loadConfig({ kubeconfig, context }: Chosen): KubeConfig {
  const config = kubeconfig === undefined ? ofPod() : readKubeConfig(kubeconfig);
  if (context !== undefined) config.setCurrentContext(context);
  return config;
}

function ofPod(): KubeConfig {
  const config = new KubeConfig();
  config.loadFromCluster();
  return config;
}

function filesOf(path: string): string[] {
  if (!path.includes(delimiter) || existsSync(path)) return [path];
  return path.split(delimiter).filter((file) => file !== '' && existsSync(file));
}

/** `tokenFile` of a user, which the library does not know; relative to the file that has it. */
export function tokenFileIn(path: string, user: User | null): string | undefined {
  for (const file of filesOf(path)) {
    const { users = [] } = parse(readFileSync(file, 'utf8')) as {
      users?: { name: string; user?: { tokenFile?: string } }[] | null;
    };
    const own = users?.find(({ name }) => name === user?.name);
    if (own) return own.user?.tokenFile === undefined ? undefined : resolve(dirname(file), own.user.tokenFile);
  }
  return undefined;
}
