/** A real API server with its own etcd on the loopback address: no root, no nodes, ready in seconds. */
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { type AuditEvent, auditEvents, auditFlags } from './audit.ts';
import { type BinariesOptions, binaries } from './binaries.ts';
import { type CommandOptions, type CommandOutput, command } from './command.ts';
import { Component, untilReady } from './component.ts';
import { temporaryFolder } from './guard.ts';
import { admin, CertificateAuthority } from './pki.ts';
import { freePort } from './ports.ts';

export interface ApiServerOptions extends BinariesOptions {
  /** Where its data, certificates and logs go; kept after `stop()`. Default: a temporary folder, removed by `stop()`. */
  dir?: string;
  /** Flags appended to those of kube-apiserver, for example `--audit-log-path=...`. */
  flags?: readonly string[];
  /** Whether requests about Atoll's objects are written down; read them with `audit()`. */
  audit?: boolean;
}

export interface RestartOptions {
  /** How the running server is asked to end; a server that has not ended 5 s after SIGTERM is killed. */
  signal?: 'SIGTERM' | 'SIGKILL';
  /** Milliseconds without a server before the next one is started. */
  pauseMs?: number;
}

/** etcd and kube-apiserver. Everything ends with `stop()`, or with this process however that ends. */
export class ApiServer implements AsyncDisposable {
  readonly dir: string;
  readonly url: string;
  readonly kubeconfigPath: string;
  /** PEM texts of the administrator's credentials. */
  readonly credentials: { ca: string; certificate: string; key: string };
  /** Runs at the end of `restore`: whoever watched the server before must begin anew, see there. */
  onRestored: (signal?: AbortSignal) => Promise<void> = async () => {};
  readonly #etcd: Component;
  readonly #server: Component;
  readonly #kubectl: string;
  readonly #remove: () => Promise<void>;

  constructor(parts: {
    dir: string;
    url: string;
    kubeconfigPath: string;
    credentials: { ca: string; certificate: string; key: string };
    etcd: Component;
    server: Component;
    kubectl: string;
    remove: () => Promise<void>;
  }) {
    this.dir = parts.dir;
    this.url = parts.url;
    this.kubeconfigPath = parts.kubeconfigPath;
    this.credentials = parts.credentials;
    this.#etcd = parts.etcd;
    this.#server = parts.server;
    this.#kubectl = parts.kubectl;
    this.#remove = parts.remove;
  }

  /** Runs kubectl as administrator; `input` is its standard input (`apply -f -`). */
  kubectl(args: readonly string[], options: CommandOptions = {}): Promise<CommandOutput> {
    return command(this.#kubectl, args, { ...options, env: { ...options.env, KUBECONFIG: this.kubeconfigPath } });
  }

  /** Starts etcd and the API server and waits until `/readyz` answers ok. */
  async start(signal?: AbortSignal): Promise<void> {
    if (!this.#etcd.running) this.#etcd.start();
    this.#server.start();
    await this.ready(60_000, signal);
  }

  /** Resolves once `/readyz` answers ok. */
  async ready(limitMs = 60_000, signal?: AbortSignal): Promise<void> {
    await untilReady(this.#server, () => answersOk(this.url, this.credentials), limitMs, signal);
  }

  /** Ends the running server and starts the next one on the same port and data; resolves when it is ready. */
  async restart(options: RestartOptions = {}): Promise<void> {
    if (options.signal === 'SIGKILL') await this.#server.kill();
    else await this.#server.stop();
    if (options.pauseMs) await new Promise((resolve) => setTimeout(resolve, options.pauseMs));
    await this.start();
  }

  /** Ends the server with `signal` and leaves it down until `start()`. */
  async kill(signal: 'SIGTERM' | 'SIGKILL' = 'SIGKILL'): Promise<void> {
    await (signal === 'SIGKILL' ? this.#server.kill() : this.#server.stop());
  }

  /** Stops the server in its tracks (SIGSTOP): connections stay open and nothing answers. */
  freeze(): void {
    this.#server.signal('SIGSTOP');
  }

  /** Lets a frozen server go on (SIGCONT). */
  thaw(): void {
    this.#server.signal('SIGCONT');
  }

  /**
   * A copy of everything the API server holds, as a snapshot of etcd's disk would be: etcd stands still while its folder is copied, then
   * goes on. The copy's folder is below the server's and goes with it.
   */
  async backup(): Promise<string> {
    const folder = join(this.dir, 'backups');
    await mkdir(folder, { recursive: true });
    const path = join(folder, String((await readdir(folder)).length + 1));
    this.#etcd.signal('SIGSTOP');
    try {
      await command('cp', ['--archive', '--sparse=always', join(this.dir, etcdData), path]);
    } finally {
      this.#etcd.signal('SIGCONT');
    }
    return path;
  }

  /**
   * Stops both programs, puts a backup in the place of what they hold, and starts them. Resource versions go back too: a watch that is taken
   * up again where it was sees nothing until the new versions have passed the old ones.
   */
  async restore(backup: string, signal?: AbortSignal): Promise<void> {
    await Promise.all([this.#server.kill(), this.#etcd.kill()]);
    await rm(join(this.dir, etcdData), { recursive: true });
    await command('cp', ['--archive', '--sparse=always', backup, join(this.dir, etcdData)]);
    await this.start(signal);
    await this.onRestored(signal);
  }

  /** The requests it has answered about Atoll's objects, and the Jobs and pods written; only with the option `audit`. */
  audit(): Promise<AuditEvent[]> {
    return auditEvents(this.dir);
  }

  /** Ends both programs and removes the temporary folder. */
  async stop(): Promise<void> {
    await Promise.all([this.#server.kill(), this.#etcd.kill()]); // nothing of it is read again
    await this.#remove();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** Starts an API server of one's own; ready in about four seconds once the programs are compiled. */
export async function startApiServer(options: ApiServerOptions = {}): Promise<ApiServer> {
  const programs = await binaries(['etcd', 'kube-apiserver', 'kubectl'], options);
  const folder = options.dir ? { path: options.dir, remove: async () => {} } : await temporaryFolder('atoll-api-');
  const dir = folder.path;
  const [port] = await Promise.all([freePort(), mkdir(join(dir, 'logs'), { recursive: true })]);
  const url = `https://127.0.0.1:${port}`;
  const pki = await CertificateAuthority.create(join(dir, 'pki'));
  await pki.issue(admin);
  await pki.issue({
    name: 'apiserver',
    commonName: 'kube-apiserver',
    organization: 'atoll',
    alternativeNames: ['IP:127.0.0.1', 'DNS:localhost'],
  });
  const kubeconfigPath = join(dir, 'kubeconfig');
  await pki.kubeconfig('admin', url, kubeconfigPath);
  const [ca, certificate, key] = await Promise.all(
    ['ca.crt', 'admin.crt', 'admin.key'].map((file) => readFile(pki.path(file), 'utf8')),
  );
  const component = (name: 'etcd' | 'kube-apiserver', args: readonly string[]) =>
    new Component({ name, program: programs[name], args, cwd: dir, log: join(dir, 'logs', `${name}.log`) });
  const server = new ApiServer({
    dir,
    url,
    kubeconfigPath,
    credentials: { ca: ca ?? '', certificate: certificate ?? '', key: key ?? '' },
    etcd: component('etcd', etcdFlags()),
    server: component('kube-apiserver', [
      ...apiServerFlags(),
      `--secure-port=${port}`,
      '--bind-address=127.0.0.1',
      '--authorization-mode=RBAC',
      '--disable-admission-plugins=ServiceAccount', // there is no controller that makes the default service accounts
      ...(options.audit ? await auditFlags(dir) : []),
      ...(options.flags ?? []),
    ]),
    kubectl: programs.kubectl,
    remove: () => folder.remove(),
  });
  try {
    await server.start(options.signal);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}

/** Folder of etcd's data below the API server's. */
const etcdData = 'etcd-data';

/** etcd on two sockets in its folder, so that it needs no port; durability is not wanted here. */
export function etcdFlags(): string[] {
  const urls = [
    '--listen-client-urls=unix://etcd:1',
    '--advertise-client-urls=unix://etcd:1',
    '--listen-peer-urls=unix://peer:1',
  ];
  const peers = ['--initial-advertise-peer-urls=unix://peer:1', '--initial-cluster=default=unix://peer:1'];
  return [`--data-dir=${etcdData}`, ...urls, ...peers, '--unsafe-no-fsync', '--log-level=warn'];
}

/** The flags that every API server here has in common, for one that runs in the folder that holds `pki` and etcd's socket. */
export function apiServerFlags(): string[] {
  return [
    '--etcd-servers=unix://etcd:1',
    '--service-cluster-ip-range=10.96.0.0/16',
    '--tls-cert-file=pki/apiserver.crt',
    '--tls-private-key-file=pki/apiserver.key',
    '--client-ca-file=pki/ca.crt',
    '--service-account-issuer=https://kubernetes.default.svc',
    '--service-account-key-file=pki/sa.pub',
    '--service-account-signing-key-file=pki/sa.key',
    '--allow-privileged=true',
  ];
}

/** Whether `/readyz` answers 200 within a second. */
export function answersOk(url: string, credentials: { ca: string; certificate: string; key: string }): Promise<boolean> {
  return new Promise((resolve) => {
    const tls = { ca: credentials.ca, cert: credentials.certificate, key: credentials.key };
    const call = request(`${url}/readyz`, { ...tls, agent: false, timeout: 1000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    call.once('timeout', () => call.destroy());
    call.once('error', () => resolve(false));
    call.end();
  });
}
