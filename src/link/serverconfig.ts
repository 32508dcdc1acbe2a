/** The configuration of a NATS server that serves the link: TLS, two accounts from memory, no storage. */
import type { Accounts } from './identity.ts';

export interface ServerFiles {
  /** Folder that the server finds `tls.crt` and `tls.key` in. */
  folder: string;
  /** Where clients connect. Default: port 4222 on every address. */
  listen?: string;
  /** Where probes and metrics are served, over plain HTTP. Default: port 8222 on every address. */
  monitor?: string;
}

export const serverFile = 'nats.conf';
export const accountsFile = 'accounts.conf';

/** The text of `nats.conf`; it includes `accounts.conf`, which lies beside it. */
export function serverConfig({ folder, listen = '0.0.0.0:4222', monitor = '0.0.0.0:8222' }: ServerFiles): string {
  return `# Written by atoll link init; changes are overwritten.
listen: "${listen}"
http: "${monitor}"
max_payload: 1MB
# A cut wire is noticed within a minute from this side; islands look more often.
ping_interval: "20s"
ping_max: 2
write_deadline: "10s"
tls {
  cert_file: "${folder}/tls.crt"
  key_file: "${folder}/tls.key"
  timeout: 5
  min_version: "1.2"
}
include "./${accountsFile}"
`;
}

/** The text of `accounts.conf`: who is trusted. It changes with every revocation. */
export function accountsConfig({ operator, system, account }: Accounts): string {
  return `# Written by atoll link init and atoll island; changes are overwritten.
operator: ${operator}
system_account: ${system.id}
resolver: MEMORY
resolver_preload: {
  ${system.id}: ${system.jwt}
  ${account.id}: ${account.jwt}
}
`;
}
