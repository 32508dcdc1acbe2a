/** A real NATS server with the configuration and certificates that the product writes, and clients with minted credentials. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ConnectionOptions, connect, credsAuthenticator, type NatsConnection } from 'nats';
import { temporaryFolder } from '../../local/guard.ts';
import { type NatsServer, startNats } from '../../local/nats.ts';
import { systemRandom as random } from '../../src/clock.ts';
import { type Certified, createAuthority, createServerCertificate } from '../../src/link/certificates.ts';
import { createLinkKeys, type LinkKeys, signAccounts } from '../../src/link/identity.ts';
import { accountsConfig, accountsFile, serverConfig } from '../../src/link/serverconfig.ts';
import { inboxPrefix } from '../../src/link/subjects.ts';

export class LinkServer implements AsyncDisposable {
  readonly keys: LinkKeys;
  readonly authority: Certified;
  readonly nats: NatsServer;
  readonly url: string;
  readonly #dir: string;
  readonly #remove: () => Promise<void>;

  private constructor(parts: {
    keys: LinkKeys;
    authority: Certified;
    nats: NatsServer;
    dir: string;
    remove: () => Promise<void>;
  }) {
    this.keys = parts.keys;
    this.authority = parts.authority;
    this.nats = parts.nats;
    this.url = `tls://127.0.0.1:${parts.nats.port}`;
    this.#dir = parts.dir;
    this.#remove = parts.remove;
  }

  static async start(): Promise<LinkServer> {
    const keys = createLinkKeys();
    const when = { now: Date.now(), random };
    const authority = createAuthority(when);
    const { certificate, key } = createServerCertificate(authority, ['127.0.0.1', 'localhost'], when);
    const folder = await temporaryFolder('atoll-link-');
    const dir = folder.path;
    const remove = () => folder.remove();
    try {
      await writeFile(join(dir, 'tls.crt'), certificate);
      await writeFile(join(dir, 'tls.key'), key, { mode: 0o600 });
      await writeFile(join(dir, accountsFile), accountsConfig(await signAccounts(keys, [])));
      const nats = await startNats({ dir, config: serverConfig({ folder: dir, monitor: '127.0.0.1:-1' }) });
      return new LinkServer({ keys, authority, nats, dir, remove });
    } catch (error) {
      await remove();
      throw error;
    }
  }

  /** What the Secret's volume holds once it has been brought up to date; read at the next start. */
  async writeRevoked(revoked: readonly string[]): Promise<void> {
    await writeFile(join(this.#dir, accountsFile), accountsConfig(await signAccounts(this.keys, revoked)));
  }

  connect(credentials: string, over: ConnectionOptions & { island?: string } = {}): Promise<NatsConnection> {
    const { island, ...options } = over;
    return connect({
      servers: this.url,
      authenticator: credsAuthenticator(new TextEncoder().encode(credentials)),
      tls: { ca: this.authority.certificate },
      ...(island === undefined ? {} : { inboxPrefix: inboxPrefix(island) }),
      reconnect: false,
      timeout: 20_000,
      ...options,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.nats.stop();
    await this.#remove();
  }
}
