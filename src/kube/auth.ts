/** Where the API server is and how to authenticate, from a kubeconfig, from inside a pod, or given by hand. */
import { readFile } from 'node:fs/promises';
import type { RequestOptions } from 'node:https';
import type { User } from '@kubernetes/client-node';
import type { Clock } from '../clock.ts';
import { loadConfig, tokenFileIn } from './kubeconfig.ts';
import type { Tls } from './pools.ts';

export interface Credentials {
  headers: Record<string, string>;
  tls: Tls;
}

export interface Access {
  readonly server: string;
  readonly proxy: string | undefined;
  /** Namespace of the context or of the pod; undefined when neither says one. */
  readonly namespace: string | undefined;
  /** Cached for a minute: token files rotate, exec plugins know their own expiry. */
  readonly credentials: () => Promise<Credentials>;
  /** The API server said 401: read everything again before the next request. */
  readonly invalidate: () => void;
}

/** Exactly one of the three. */
export interface AccessOptions {
  /** Path of a kubeconfig file, or several as in KUBECONFIG. */
  kubeconfig?: string;
  /** Context of the kubeconfig; its current one by default. */
  context?: string;
  /** The service account of the pod this runs in. */
  inCluster?: boolean;
  direct?: { server: string; tokenFile?: string; headers?: Record<string, string>; tls?: Tls };
}

const freshMs = 60_000;

export function createAccess(options: AccessOptions, clock: Clock): Access {
  const given = [options.kubeconfig, options.inCluster || undefined, options.direct].filter((source) => source !== undefined);
  if (given.length !== 1) throw new Error('cannot find the API server: give one of kubeconfig, inCluster and direct');
  const load = options.direct ? () => direct(options.direct ?? { server: '' }) : () => fromKubeConfig(options);
  let source: Source | undefined = load();
  let cached: { at: number; value: Promise<Credentials> } | undefined;
  const read = async () => {
    source ??= load();
    return await source.credentials();
  };
  return {
    server: source.server,
    proxy: source.proxy,
    namespace: source.namespace,
    credentials() {
      if (cached && clock.now() - cached.at < freshMs) return cached.value;
      const value = read();
      const mine = { at: clock.now(), value };
      cached = mine;
      // A failure must not be remembered.
      value.catch(() => {
        if (cached === mine) cached = undefined;
      });
      return value;
    },
    invalidate() {
      source = undefined;
      cached = undefined;
    },
  };
}

interface Source {
  server: string;
  proxy: string | undefined;
  namespace: string | undefined;
  credentials(): Promise<Credentials>;
}

function direct(options: NonNullable<AccessOptions['direct']>): Source {
  return {
    server: options.server,
    proxy: undefined,
    namespace: undefined,
    async credentials() {
      const bearer = options.tokenFile === undefined ? {} : await tokenHeader(options.tokenFile);
      return { headers: { ...options.headers, ...bearer }, tls: options.tls ?? {} };
    },
  };
}

/** The library resolves files, exec plugins and providers; only its connections (one per call) are not used. */
function fromKubeConfig(options: AccessOptions): Source {
  const config = loadConfig(options);
  const cluster = config.getCurrentCluster();
  const user = config.getCurrentUser();
  if (!cluster) throw new Error(`cannot find the API server: context ${config.currentContext} names no cluster`);
  if (options.inCluster && /\bundefined\b/.test(cluster.server))
    throw new Error(
      'cannot find the API server: KUBERNETES_SERVICE_HOST is not set, so this is no pod; give a kubeconfig instead',
    );
  return {
    server: cluster.server,
    proxy: cluster.proxyUrl,
    namespace: config.getContextObject(config.getCurrentContext())?.namespace || undefined,
    async credentials() {
      const tokenFile = tokenFileOf(user, options.kubeconfig);
      const resolved: RequestOptions = { headers: {} };
      await config.applyToHTTPSOptions(resolved);
      const headers: Record<string, string> = {};
      for (const [name, value] of Object.entries(resolved.headers ?? {})) headers[name.toLowerCase()] = String(value);
      if (resolved.auth) headers['authorization'] = `Basic ${Buffer.from(resolved.auth).toString('base64')}`;
      if (tokenFile !== undefined) Object.assign(headers, await tokenHeader(tokenFile));
      return { headers, tls: tlsOf(resolved) };
    },
  };
}

/** The library reads the token file of a pod with its line end. */
function tokenFileOf(user: User | null, kubeconfig: string | undefined): string | undefined {
  const inPod: unknown = (user?.authProvider as { config?: { tokenFile?: unknown } } | undefined)?.config?.tokenFile;
  if (typeof inPod === 'string') return inPod;
  return kubeconfig === undefined ? undefined : tokenFileIn(kubeconfig, user);
}

async function tokenHeader(file: string): Promise<Record<string, string>> {
  const token = (await readFile(file, 'utf8')).trim();
  if (token === '') throw new Error(`cannot authenticate: token file ${file} is empty`);
  return { authorization: `Bearer ${token}` };
}

function tlsOf(resolved: RequestOptions): Tls {
  const tls: Tls = {};
  for (const field of ['ca', 'cert', 'key', 'passphrase', 'servername'] as const) {
    const value = resolved[field];
    // Buffers become text, so that equal certificates compare equal.
    if (value !== undefined && value !== null) Object.assign(tls, { [field]: Buffer.isBuffer(value) ? value.toString() : value });
  }
  if (resolved.rejectUnauthorized !== undefined) tls.rejectUnauthorized = resolved.rejectUnauthorized;
  return tls;
}
