/** Settings: one YAML file and the environment, compiled once into one frozen value; nothing below reads either. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parse, YAMLParseError } from 'yaml';
import { z } from 'zod';
import { parseDuration } from './api/duration.ts';
import { duration } from './api/fields.ts';

const storeName = z.string().regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, 'must be lower-case letters, digits and "-"');

const store = z
  .strictObject({
    name: storeName,
    /** URL of an S3-compatible server; absent for AWS. */
    endpoint: z.url({ protocol: /^https?$/ }).optional(),
    region: z.string().min(1).default('us-east-1'),
    bucket: z.string().min(3).max(63),
    /** Buckets as path instead of host name; by default when an endpoint is given. */
    pathStyle: z.boolean().optional(),
    /** Secret in each training namespace, mounted into the courier. */
    secretName: z.string().min(1),
    /** Folder with the operator's own, read-only credential: files named like the keys of the Secret. */
    credentialsDir: z.string().min(1),
  })
  .transform((value) => ({ ...value, pathStyle: value.pathStyle ?? value.endpoint !== undefined }));

const egress = z.strictObject({ cidr: z.union([z.cidrv4(), z.cidrv6()]), ports: z.array(z.int().min(1).max(65535)).default([]) });

const pullPolicy = z.enum(['Always', 'IfNotPresent', 'Never']);

const schema = z.strictObject({
  role: z.literal('standalone'),
  island: z.strictObject({ name: storeName.default('local') }).prefault({}),
  /** Namespaces to work in; all when absent. */
  namespaces: z.array(z.string().min(1)).min(1).optional(),
  stores: z
    .array(store)
    .min(1)
    .refine((list) => new Set(list.map((s) => s.name)).size === list.length, 'two stores have the same name'),
  images: z.strictObject({ atoll: z.string().min(1), workload: z.string().min(1) }),
  courier: z.strictObject({ imagePullPolicy: pullPolicy.default('IfNotPresent') }).prefault({}),
  /** File with the key that per-attempt bearers are derived from; at least 16 bytes. */
  agentKeyFile: z.string().min(1),
  /** Absent: no NetworkPolicy is written. */
  network: z
    .strictObject({
      stores: z.array(egress).min(1),
      agentNamespace: z.string().optional(),
      agentPodLabels: z.record(z.string(), z.string()).optional(),
      agentCidrs: z.array(z.string()).optional(),
    })
    .optional(),
  /** How often the progress of a running work may be written to the API server. */
  progressInterval: duration().default('60s').transform(parseDuration),
  /** How often a running courier is asked. */
  pollInterval: duration().default('3s').transform(parseDuration),
  /** Leader election; off means that this process must be the only one. */
  lease: z.strictObject({ enabled: z.boolean().default(true), namespace: z.string().default('atoll-system') }).prefault({}),
  http: z.strictObject({ port: z.int().min(0).max(65535).default(8080) }).prefault({}),
  logLevel: z.enum(['trace', 'debug', 'info', 'warn', 'error']).default('info'),
});

export type Settings = Readonly<z.infer<typeof schema>>;
export type StoreSettings = Settings['stores'][number];

/** Thrown when the settings cannot be used; the message names the file, the field, the value and what is allowed. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

/** Reads and checks the settings of an operator. Relative paths in it are relative to the file. */
export async function loadSettings(file: string): Promise<Settings> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new SettingsError(`cannot read the settings file ${file}: give its path with --config`, { cause });
  });
  return parseSettings(text, file);
}

export function parseSettings(text: string, file: string): Settings {
  const result = schema.safeParse(parseYaml(text, file));
  if (!result.success) {
    const problems = result.error.issues.map((issue) => `  ${issue.path.join('.') || '(top level)'}: ${issue.message}`);
    throw new SettingsError(`cannot use the settings in ${file}:\n${problems.join('\n')}`);
  }
  const folder = path.dirname(path.resolve(file));
  const settings = result.data;
  return deepFreeze({
    ...settings,
    agentKeyFile: path.resolve(folder, settings.agentKeyFile),
    stores: settings.stores.map((s) => ({ ...s, credentialsDir: path.resolve(folder, s.credentialsDir) })),
  });
}

function parseYaml(text: string, file: string): unknown {
  try {
    return parse(text);
  } catch (cause) {
    if (!(cause instanceof YAMLParseError)) throw cause;
    throw new SettingsError(`cannot read ${file} as YAML: ${cause.message}`, { cause });
  }
}

/** The key that per-attempt bearers are derived from. */
export async function readAgentKey(file: string): Promise<Uint8Array> {
  const key = await readFile(file).catch((cause: unknown) => {
    throw new SettingsError(`cannot read agentKeyFile ${file}: create it with 32 random bytes, such as openssl rand -hex 32`, {
      cause,
    });
  });
  if (key.length < 16) throw new SettingsError(`agentKeyFile ${file} has ${key.length} bytes, at least 16 are needed`);
  return key;
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const child of Object.values(value)) deepFreeze(child);
  }
  return value;
}
