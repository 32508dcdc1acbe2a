/** The values with which the chart is installed on an island's cluster: the one file that holds its secrets. */
import { rename, rm, writeFile } from 'node:fs/promises';
import { stringify } from 'yaml';
import type { HubConfig } from '../hub.ts';
import { CommandFailure } from '../verb.ts';

export interface IslandFile {
  island: string;
  hub: HubConfig;
  servers: readonly string[];
  credentials: string;
  ca: string;
  joinToken: string;
  /** Secret of each training namespace with the stores' credentials. */
  storeSecret: string;
}

export function islandValues(file: IslandFile): string {
  const { island, hub, servers, credentials, ca, joinToken, storeSecret } = file;
  const stores = hub.stores.map(({ name, endpoint, region, bucket, pathStyle }) => ({
    name,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(region === undefined ? {} : { region }),
    bucket,
    ...(pathStyle === undefined ? {} : { pathStyle }),
    secretName: storeSecret,
  }));
  const values = {
    role: 'island',
    ...imageOf('image', hub.images.atoll),
    ...imageOf('workloadImage', hub.images.workload),
    island: { name: island },
    link: { servers: [...servers], prefix: hub.link.prefix, credentials, ca, joinToken },
    stores,
  };
  const head = `# Values of the chart atoll for the island ${island}, written by atoll island add. It holds secrets: keep it from others.
# Stores are named by the addresses that the hub uses; change an endpoint that is another one here.
`;
  return head + stringify(values, { lineWidth: 0 });
}

/** The chart takes a registry and name, and a tag; an image that is named by its digest stays the chart's own. */
function imageOf(key: string, reference: string): Record<string, unknown> {
  const match = /^([^@]+):([^:/@]+)$/.exec(reference);
  return match ? { [key]: { repository: match[1], tag: match[2] } } : {};
}

/** Writes the file for its owner alone; one that is there is replaced only when that is wanted. */
export async function writePrivate(path: string, text: string, replace: boolean): Promise<void> {
  const target = replace ? `${path}.new` : path;
  try {
    if (replace) await rm(target, { force: true });
    await writeFile(target, text, { mode: 0o600, flag: 'wx' });
    if (replace) await rename(target, path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const remedy = code === 'EEXIST' ? 'the file exists; remove it, or name another one with --out' : message;
    throw new CommandFailure(`cannot write ${path}: ${remedy}`);
  }
}
