/** A hub's cluster as the chart leaves it, a real NATS server that runs from its Secret, and the CLI with everything it says. */
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, credsAuthenticator, type NatsConnection } from 'nats';
import { parse } from 'yaml';
import { type ApiServer, startApiServer } from '../../local/apiserver.ts';
import { established } from '../../local/established.ts';
import { type NatsServer, startNats } from '../../local/nats.ts';
import { CertificateAuthority } from '../../local/pki.ts';
import { type ComputeIsland, ComputeIslandKind } from '../../src/api/computeisland.ts';
import { runCli } from '../../src/cli/cli.ts';
import { systemClock as clock, systemRandom as random } from '../../src/clock.ts';
import { createKubeClient, type RealKubeClient } from '../../src/kube/client.ts';
import { configMaps, namespaces, secrets, services } from '../../src/kube/core.ts';
import { textsOf } from '../../src/link/keyring.ts';
import { inboxPrefix } from '../../src/link/subjects.ts';

export const namespace = 'atoll-system';

export interface Ran {
  code: number;
  out: string;
  err: string;
}

/** What a command runs in; without anything, a pipe. */
export interface Terminal {
  answer?: boolean;
  /** Columns of the terminal. */
  screen?: number;
  color?: boolean;
  /** How many milliseconds the clock of the command is ahead, so that ages do not depend on how quick a test is. */
  ahead?: number;
  env?: Record<string, string>;
  signal?: AbortSignal;
  kubeconfig?: string;
  /** Called with the milliseconds of every time limit that the command sets itself. */
  limited?: (ms: number) => void;
  /** Called after everything that it says. */
  saw?: (ran: Ran) => void;
}

/** The parts of the values file that tests look at. */
export interface Values {
  role: string;
  image: { repository: string; tag: string };
  island: { name: string };
  link: { servers: string[]; prefix: string; credentials: string; ca: string; joinToken: string };
  stores: { name: string; bucket: string; endpoint?: string; secretName: string }[];
}

const config = `
role: hub
images: {atoll: "registry.example.org/atoll:1.2", workload: "localhost/atoll-ddm:dev"}
lease: {namespace: ${namespace}}
stores:
  - {name: default, endpoint: "http://10.0.0.9:7070", region: us-east-1, bucket: atoll, pathStyle: true, credentialsDir: /etc/atoll/stores/default}
link: {servers: ["tls://atoll-nats.${namespace}.svc:4222"], prefix: atoll, credentialsFile: /etc/atoll/link/hub.creds}
quotas: {research: {gpus: 4}}
`;

export class CliWorld implements AsyncDisposable {
  readonly server: ApiServer;
  readonly client: RealKubeClient;
  readonly dir: string;
  nats: NatsServer | undefined;
  /** All that was ever said. */
  said = '';

  private constructor(server: ApiServer, client: RealKubeClient, dir: string) {
    this.server = server;
    this.client = client;
    this.dir = dir;
  }

  static async start(): Promise<CliWorld> {
    const server = await startApiServer();
    const client = createKubeClient({ kubeconfig: server.kubeconfigPath, clock, random });
    const world = new CliWorld(server, client, await mkdtemp(join(tmpdir(), 'atoll-cli-')));
    await server.kubectl(['apply', '--server-side', '-f', new URL('../../crds', import.meta.url).pathname]);
    await established(server);
    for (const name of [namespace, 'research']) await client.create(namespaces, { metadata: { name } });
    await client.create(configMaps, { metadata: { namespace, name: 'atoll' }, data: { 'config.yaml': config } });
    return world;
  }

  /** Runs `atoll ...` with the administrator's kubeconfig. */
  async atoll(words: string, answer?: boolean): Promise<Ran> {
    return await this.run(words.split(' '), answer === undefined ? {} : { answer });
  }

  /** As `atoll`, with everything about the terminal that it runs in. */
  async run(argv: readonly string[], how: Terminal = {}): Promise<Ran> {
    const { answer, screen, color, ahead = 0, env = {}, signal, kubeconfig = this.server.kubeconfigPath } = how;
    const ran: Ran = { code: -1, out: '', err: '' };
    const say = (to: 'out' | 'err') => (text: string) => {
      ran[to] += text;
      this.said += text;
      how.saw?.(ran);
    };
    const io = {
      out: say('out'),
      err: say('err'),
      ...(answer === undefined ? {} : { confirm: () => Promise.resolve(answer) }),
      ...(screen === undefined ? {} : { screen: { columns: () => screen, rows: () => 40 } }),
      ...(color === undefined ? {} : { color }),
    };
    const timer = (ms: number, fn: () => void) => {
      how.limited?.(ms);
      return clock.timer(ms, fn);
    };
    const shifted = { ...clock, timer, now: () => clock.now() + ahead };
    const options = { version: '0.0.0', clock: shifted, random, kubeconfig, env, ...(signal ? { signal } : {}) };
    ran.code = await runCli(argv, options, io);
    return ran;
  }

  /** Another API server, without the kinds of Atoll. */
  bare(): Promise<ApiServer> {
    return startApiServer();
  }

  /** A kubeconfig of somebody who has no rights yet. */
  async user(name: string): Promise<string> {
    const pki = await CertificateAuthority.create(join(this.server.dir, 'pki'));
    await pki.issue({ name, commonName: name, organization: 'people' });
    await pki.kubeconfig(name, this.server.url, this.file(`${name}.kubeconfig`));
    return this.file(`${name}.kubeconfig`);
  }

  island = (name: string): Promise<ComputeIsland | undefined> => this.client.get(ComputeIslandKind, { name });

  async secret(name: string): Promise<Record<string, string>> {
    const found = await this.client.get(secrets, { namespace, name });
    if (!found) throw new Error(`there is no Secret ${name}`);
    return textsOf(found);
  }

  file = (name: string): string => join(this.dir, name);

  async values(file: string): Promise<Values & { text: string; mode: number }> {
    const text = await readFile(this.file(file), 'utf8');
    return { ...(parse(text) as Values), text, mode: (await stat(this.file(file))).mode & 0o777 };
  }

  /** What the chart's Deployment does: the server with the Secret's files, and a Service that names its port. */
  async startNats(): Promise<void> {
    await this.mountSecret();
    const text = (await this.secret('atoll-nats'))['nats.conf'] ?? '';
    this.nats = await startNats({ dir: this.dir, config: text.replace('0.0.0.0:8222', '127.0.0.1:-1') });
    const ports = [{ name: 'nats', port: this.nats.port }];
    await this.client.create(services, { metadata: { namespace, name: 'atoll-nats' }, spec: { ports } });
  }

  /** The kubelet writes the Secret as it is now; the server reads it when it starts. */
  async mountSecret(): Promise<void> {
    for (const [file, text] of Object.entries(await this.secret('atoll-nats')))
      if (file !== 'nats.conf') await writeFile(join(this.dir, file), text);
  }

  /** Connects as the agent of an island does, with what the values file says. */
  async connect(file: string): Promise<NatsConnection> {
    const { link, island } = await this.values(file);
    return await connect({
      servers: link.servers,
      authenticator: credsAuthenticator(new TextEncoder().encode(link.credentials)),
      tls: { ca: link.ca },
      inboxPrefix: inboxPrefix(island.name),
      reconnect: false,
      timeout: 20_000,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.nats?.stop();
    await this.client.close();
    await this.server.stop();
    await rm(this.dir, { recursive: true, force: true });
  }
}
