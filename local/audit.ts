/** The audit log of an API server: who wrote which of Atoll's objects, and which Jobs and pods were made, in the order of the answers. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';

/** One answered request, as audit.k8s.io/v1 writes it. */
export interface AuditEvent {
  auditID: string;
  verb: string;
  requestURI: string;
  user: { username: string; extra?: Readonly<Record<string, readonly string[]>> };
  userAgent?: string;
  objectRef?: { apiGroup?: string; resource: string; subresource?: string; namespace?: string; name?: string; uid?: string };
  responseStatus?: { code: number; reason?: string };
  requestReceivedTimestamp: string;
  stageTimestamp: string;
}

const folder = 'audit';
const writes = ['create', 'update', 'patch', 'delete', 'deletecollection'];

/** Everything of atoll.dev, and writes of Jobs and pods; once each, when the answer is complete. */
const policy = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived', 'ResponseStarted', 'Panic'],
  rules: [
    { level: 'Metadata', resources: [{ group: 'atoll.dev' }] },
    {
      level: 'Metadata',
      verbs: writes,
      resources: [
        { group: 'batch', resources: ['jobs'] },
        { group: '', resources: ['pods'] },
      ],
    },
    { level: 'None' },
  ],
};

/** Writes the policy into the API server's folder and returns the flags that turn it on. An answer is in the log before it is sent. */
export async function auditFlags(dir: string): Promise<string[]> {
  await writeFile(join(dir, 'audit-policy.yaml'), stringify(policy));
  return ['--audit-policy-file=audit-policy.yaml', `--audit-log-path=${folder}/audit.log`];
}

/** Every event so far, over all starts of the API server; a line that is being written is left out. */
export async function auditEvents(dir: string): Promise<AuditEvent[]> {
  const names = (await readdir(join(dir, folder)).catch(() => [])).toSorted(byAge);
  const texts = await Promise.all(names.map((name) => readFile(join(dir, folder, name), 'utf8')));
  return texts
    .flatMap((text) => text.slice(0, text.lastIndexOf('\n') + 1).split('\n'))
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as AuditEvent);
}

/** A full file is renamed to `audit-<time>.log`. */
const byAge = (a: string, b: string) => Number(a === 'audit.log') - Number(b === 'audit.log') || a.localeCompare(b);
