/** Certificates and kubeconfig files of one cluster, made with openssl. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { command } from './command.ts';

export interface Identity {
  /** File names without their folder: `<name>.crt` and `<name>.key`. */
  name: string;
  commonName: string;
  organization: string;
  /** As openssl writes them: `IP:127.0.0.1`, `DNS:localhost`. */
  alternativeNames?: readonly string[];
}

const days = '3650';
const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', days];

export class CertificateAuthority {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** Makes the authority and the key pair that signs service-account tokens, or takes what the folder already holds. */
  static async create(folder: string): Promise<CertificateAuthority> {
    await mkdir(folder, { recursive: true });
    const authority = new CertificateAuthority(folder);
    if (await readFile(join(folder, 'sa.pub')).catch(() => undefined)) return authority;
    const ca = ['req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.crt', '-subj', '/CN=atoll-local-ca'];
    await command('openssl', [...ca, '-addext', 'keyUsage=critical,keyCertSign,cRLSign'], { cwd: folder });
    await command('openssl', ['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', 'sa.key'], {
      cwd: folder,
    });
    await command('openssl', ['pkey', '-in', 'sa.key', '-pubout', '-out', 'sa.pub'], { cwd: folder });
    return authority;
  }

  async issue(identity: Identity): Promise<void> {
    const args = [
      'req',
      '-x509',
      ...key,
      '-CA',
      'ca.crt',
      '-CAkey',
      'ca.key',
      '-keyout',
      `${identity.name}.key`,
      '-out',
      `${identity.name}.crt`,
    ];
    args.push('-subj', `/O=${identity.organization}/CN=${identity.commonName}`, '-addext', 'basicConstraints=critical,CA:FALSE');
    args.push('-addext', `subjectAltName=${(identity.alternativeNames ?? ['DNS:client']).join(',')}`);
    await command('openssl', [...args, '-addext', 'extendedKeyUsage=serverAuth,clientAuth'], { cwd: this.folder });
  }

  path(file: string): string {
    return join(this.folder, file);
  }

  /** Writes a kubeconfig that holds the identity's certificate and key, so that the file can be copied anywhere. */
  async kubeconfig(identity: string, url: string, path: string): Promise<void> {
    const base64 = async (file: string) => (await readFile(this.path(file))).toString('base64');
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'atoll', cluster: { server: url, 'certificate-authority-data': await base64('ca.crt') } }],
      users: [
        {
          name: identity,
          user: {
            'client-certificate-data': await base64(`${identity}.crt`),
            'client-key-data': await base64(`${identity}.key`),
          },
        },
      ],
      contexts: [{ name: 'atoll', context: { cluster: 'atoll', user: identity } }],
      'current-context': 'atoll',
    };
    await writeFile(path, JSON.stringify(config, undefined, 2), { mode: 0o600 });
  }
}

/** The administrator whom RBAC lets do everything. */
export const admin: Identity = { name: 'admin', commonName: 'admin', organization: 'system:masters' };
