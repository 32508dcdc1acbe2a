/** What `npm run local -- up` writes down about a cluster, so that later commands find it. */
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stateDir } from './paths.ts';
import { isAlive, type ProcessId } from './process-id.ts';

export interface Record {
  name: string;
  /** The process that holds the cluster; when it ends, the cluster ends. */
  keeper: ProcessId;
  /** Absent until the cluster is up. */
  up?: {
    url: string;
    kubeconfig: string;
    address: string;
    gpus: number;
    wire: string;
    storage: { endpoint: string; forPods: string; bucket: string; credentials: string };
  };
}

const clusters = () => join(stateDir, 'clusters');
/** Folder of one cluster: logs, credentials, data. */
export const clusterDir = (name: string): string => join(clusters(), name);
const recordPath = (name: string) => join(clusterDir(name), 'record.json');

export async function readRecord(name: string): Promise<Record | undefined> {
  const text = await readFile(recordPath(name), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as Record);
}

/** The record of a cluster whose keeper is alive. */
export async function liveRecord(name: string): Promise<Record | undefined> {
  const record = await readRecord(name);
  return record && (await isAlive(record.keeper)) ? record : undefined;
}

export async function listRecords(): Promise<Record[]> {
  const names = await readdir(clusters()).catch(() => []);
  const records = await Promise.all(names.toSorted((a, b) => a.localeCompare(b)).map(readRecord));
  return records.filter((record) => record !== undefined);
}

export async function writeRecord(record: Record): Promise<void> {
  await mkdir(clusterDir(record.name), { recursive: true });
  const temporary = `${recordPath(record.name)}.tmp`;
  await writeFile(temporary, JSON.stringify(record, undefined, 2), { mode: 0o600 });
  await rename(temporary, recordPath(record.name));
}

/** Removes the logs of earlier runs, all but the one that the keeper writes to already. */
export async function removeOldLogs(name: string): Promise<void> {
  const folder = join(clusterDir(name), 'logs');
  for (const entry of await readdir(folder).catch(() => [])) {
    if (entry !== 'keeper.log') await rm(join(folder, entry), { recursive: true, force: true });
  }
}

/** Removes everything about a cluster but its logs. */
export async function removeRecord(name: string): Promise<void> {
  for (const entry of await readdir(clusterDir(name)).catch(() => [])) {
    if (entry !== 'logs') await rm(join(clusterDir(name), entry), { recursive: true, force: true });
  }
}
