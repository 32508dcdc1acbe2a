/** Settings: one YAML file and the environment, compiled once into one frozen value; nothing below reads either. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parse, YAMLParseError } from 'yaml';
import { z } from 'zod';
import { parseDuration } from './api/duration.ts';
import { duration, keyPrefix } from './api/fields.ts';

const storeName = z.string().regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, 'must be lower-case letters, digits and "-"');

const bucket = {
  name: storeName,
  /** URL of an S3-compatible server; absent for AWS. */
  endpoint: z.url({ protocol: /^https?$/ }).optional(),
  region: z.string().min(1).default('us-east-1'),
  bucket: z.string().min(3).max(63),
  /** Buckets as path instead of host name; by default when an endpoint is given. */
  pathStyle: z.boolean().optional(),
};
/** Secret in each training namespace, mounted into the courier. */
const secretName = z.string().min(1);
/** Folder with the operator's own, read-only credential: files named like the keys of the Secret. */
const credentialsDir = z.string().min(1);

/** A store with an endpoint of its own is asked by path unless it says otherwise. */
const complete = <S extends { endpoint?: string | undefined; pathStyle?: boolean | undefined }>(value: S) => ({
  ...value,
  pathStyle: value.pathStyle ?? value.endpoint !== undefined,
});
const stores = <S extends { name: string }>(store: z.ZodType<S>) =>
  z
    .array(store)
    .min(1)
    .refine((list) => new Set(list.map(({ name }) => name)).size === list.length, 'two stores have the same name');

const egress = z.strictObject({ cidr: z.union([z.cidrv4(), z.cidrv6()]), ports: z.array(z.int().min(1).max(65535)).default([]) });

const pullPolicy = z.enum(['Always', 'IfNotPresent', 'Never']);

const time = (standard: string) => duration().default(standard).transform(parseDuration);

/** What every role has. */
const common = {
  images: z.strictObject({ atoll: z.string().min(1), workload: z.string().min(1) }),
  /** Namespaces to work in; all when absent. */
  namespaces: z.array(z.string().min(1)).min(1).optional(),
  /** How often the progress of a running work may be written to the API server. */
  progressInterval: time('60s'),
  /** Leader election; off means that this process must be the only one. */
  lease: z.strictObject({ enabled: z.boolean().default(true), namespace: z.string().default('atoll-system') }).prefault({}),
  http: z.strictObject({ port: z.int().min(0).max(65535).default(8080) }).prefault({}),
  logLevel: z.enum(['trace', 'debug', 'info', 'warn', 'error']).default('info'),
};

/** What whoever decides where works run is told. */
const deciding = {
  /** GPUs that the works of a namespace may use at once, over all islands; no limit for namespaces that are absent. */
  quotas: z.record(z.string(), z.strictObject({ gpus: z.int().min(0) })).default({}),
  /** Absent: no dashboard is served. */
  dashboard: z
    .strictObject({
      port: z.int().min(0).max(65535).default(8081),
      /** Audience that bearer tokens must have; absent: that of the API server. */
      audience: z.string().min(1).max(256).optional(),
      /** Folder with the built page; absent: beside the program. */
      ui: z.string().min(1).optional(),
      /** Links to other tools, with {namespace}, {run} and {work} in their addresses. */
      links: z
        .array(z.strictObject({ name: z.string().min(1).max(64), url: z.url({ protocol: /^https?$/ }) }))
        .max(16)
        .default([]),
      /** Prefixes below which deleted runs are looked for, in every store. */
      historyPrefixes: z.array(keyPrefix()).max(16).default(['atoll/']),
    })
    .optional(),
  /** perExpert: whether /metrics has gauges of single experts, about a dozen series for each. */
  metrics: z.strictObject({ perExpert: z.boolean().default(true) }).prefault({}),
};

/** What whoever runs pods is told. */
const running = {
  island: z.strictObject({ name: storeName.default('local') }).prefault({}),
  courier: z.strictObject({ imagePullPolicy: pullPolicy.default('IfNotPresent') }).prefault({}),
  /** File with the key that per-attempt bearers are derived from; at least 16 bytes. */
  agentKeyFile: z.string().min(1),
  /** Absent: no NetworkPolicy is written. */
  network: z
    .strictObject({
      stores: z.array(egress).min(1),
      /** Addresses of DNS servers outside of kube-system. */
      dnsCidrs: z.array(z.union([z.cidrv4(), z.cidrv6()])).optional(),
      agentNamespace: z.string().optional(),
      agentPodLabels: z.record(z.string(), z.string()).optional(),
      agentCidrs: z.array(z.string()).optional(),
    })
    .optional(),
  /** How often a running courier is asked. */
  pollInterval: time('3s'),
  /** How long an image may be missing, or a volume or container be impossible to make, before the work fails with Configuration. */
  configurationDeadline: time('10m'),
  /** What the island admits beside `namespaces`; everything when absent. */
  admit: z
    .strictObject({
      /** Images of trainers: each a whole reference, or a start that ends with "*". */
      images: z.array(z.string().min(1)).min(1).optional(),
      /** Most GPUs that one work may ask for, over all its pods. */
      maxGpus: z.int().min(0).optional(),
    })
    .prefault({}),
};

/** How hub and island meet. Every file holds text as `atoll island add` or `atoll link init` wrote it. */
const link = {
  /** Addresses of NATS servers, such as tls://nats.example.org:4222. */
  servers: z.array(z.url({ protocol: /^(nats|tls)$/ })).min(1),
  /** Start of every subject. */
  prefix: z
    .string()
    .regex(/^[a-z0-9]([-a-z0-9.]{0,62}[a-z0-9])?$/)
    .default('atoll'),
  /** NATS credentials: a user JWT and its seed. */
  credentialsFile: z.string().min(1),
  /** Certificate authority of the servers, PEM; absent for one that the system trusts. */
  caFile: z.string().min(1).optional(),
};

export const settingsSchema = z.discriminatedUnion('role', [
  z.strictObject({
    role: z.literal('standalone'),
    ...common,
    ...deciding,
    ...running,
    stores: stores(z.strictObject({ ...bucket, secretName, credentialsDir }).transform(complete)),
  }),
  z.strictObject({
    role: z.literal('hub'),
    ...common,
    ...deciding,
    stores: stores(z.strictObject({ ...bucket, credentialsDir }).transform(complete)),
    link: z.strictObject(link),
    /** How long an island may be silent before it counts as unreachable. */
    islandSilence: time('30s'),
    /** How long an island that is heard may take to accept an IslandJob. */
    claimDeadline: time('2m'),
  }),
  z.strictObject({
    role: z.literal('island'),
    ...common,
    ...running,
    stores: stores(z.strictObject({ ...bucket, secretName }).transform(complete)),
    link: z.strictObject({
      ...link,
      /** Join token, needed once; absent or empty when this cluster has joined. */
      joinTokenFile: z.string().min(1).optional(),
    }),
  }),
]);

export type Settings = Readonly<z.infer<typeof settingsSchema>>;
export type StandaloneSettings = Extract<Settings, { role: 'standalone' }>;
export type HubRoleSettings = Extract<Settings, { role: 'hub' }>;
export type IslandRoleSettings = Extract<Settings, { role: 'island' }>;

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
  const result = settingsSchema.safeParse(parseYaml(text, file));
  if (!result.success) {
    const problems = result.error.issues.map((issue) => `  ${issue.path.join('.') || '(top level)'}: ${issue.message}`);
    throw new SettingsError(`cannot use the settings in ${file}:\n${problems.join('\n')}`);
  }
  const folder = path.dirname(path.resolve(file));
  const settings = result.data;
  return deepFreeze(resolvePaths(settings, folder));
}

/** Relative paths are relative to the file. */
function resolvePaths(settings: Settings, folder: string): Settings {
  const at = (file: string) => path.resolve(folder, file);
  const own = <S extends { credentialsDir: string }>(one: S) => ({ ...one, credentialsDir: at(one.credentialsDir) });
  const files = <L extends HubRoleSettings['link']>(value: L): L => ({
    ...value,
    credentialsFile: at(value.credentialsFile),
    ...(value.caFile === undefined ? {} : { caFile: at(value.caFile) }),
  });
  if (settings.role === 'hub') return { ...settings, link: files(settings.link), stores: settings.stores.map(own) };
  const agentKeyFile = at(settings.agentKeyFile);
  if (settings.role === 'standalone') return { ...settings, agentKeyFile, stores: settings.stores.map(own) };
  const { joinTokenFile } = settings.link;
  const token = joinTokenFile === undefined ? {} : { joinTokenFile: at(joinTokenFile) };
  return { ...settings, agentKeyFile, link: { ...files(settings.link), ...token } };
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

/** The token with which a cluster joins as an island; undefined when there is none, which is right once it has joined. */
export async function readJoinToken(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new SettingsError(`cannot read link.joinTokenFile ${file}: leave it out when this cluster has joined`, { cause });
  });
  return text.trim() || undefined;
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const child of Object.values(value)) deepFreeze(child);
  }
  return value;
}
