/** The certificates of the link's NATS server: an authority of its own, and one certificate for the server's names. */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  X509Certificate,
} from 'node:crypto';
import { isIP } from 'node:net';
import type { Random } from '../clock.ts';
import { bits, explicit, identifier, implicit, integer, octets, sequence, set, time, utf8, yes } from './der.ts';

/** PEM texts. */
export interface Certified {
  certificate: string;
  key: string;
}

interface When {
  /** Milliseconds since the Unix epoch. */
  now: number;
  random: Random;
}

const day = 86_400_000;
const authorityName = 'Atoll link';
/** A clock may be a little behind ours. */
const grace = 3_600_000;
const renewBefore = 30 * day;

/** An authority that is good for ten years. */
export function createAuthority({ now, random }: When): Certified {
  const { privateKey, publicKey } = newKey();
  const certificate = issue({
    subject: authorityName,
    publicKey,
    signer: privateKey,
    until: now + 3650 * day,
    now,
    random,
    extensions: [
      extension('2.5.29.19', sequence(yes, integer(Uint8Array.of(0))), true), // an authority, of servers only
      extension('2.5.29.15', bits(Uint8Array.of(0b0000_0110), 1), true), // signs certificates and revocation lists
      extension('2.5.29.14', octets(keyId(publicKey))),
    ],
  });
  return { certificate, key: pemOf(privateKey) };
}

/** A certificate of the authority for a server with these names and addresses, good for a year. */
export function createServerCertificate(authority: Certified, names: readonly string[], { now, random }: When): Certified {
  const { privateKey, publicKey } = newKey();
  const signer = createPrivateKey(authority.key);
  const certificate = issue({
    subject: 'Atoll NATS',
    publicKey,
    signer,
    until: now + 365 * day,
    now,
    random,
    extensions: [
      extension('2.5.29.19', sequence(), true), // no authority
      extension('2.5.29.15', bits(Uint8Array.of(0b1000_0000), 7), true), // signs handshakes
      extension('2.5.29.37', sequence(identifier('1.3.6.1.5.5.7.3.1'))), // is a server
      extension('2.5.29.14', octets(keyId(publicKey))),
      extension('2.5.29.35', sequence(implicit(0, keyId(createPublicKey(signer))))),
      extension('2.5.29.17', sequence(...names.map(alternativeName))),
    ],
  });
  return { certificate, key: pemOf(privateKey) };
}

/** Why a server certificate must be made anew, or undefined when it is good for a while. */
export function renewalReason(
  server: Certified,
  authority: Certified,
  names: readonly string[],
  now: number,
): string | undefined {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(server.certificate);
    if (!certificate.checkPrivateKey(createPrivateKey(server.key))) return 'its key is another one';
  } catch {
    return 'it cannot be read';
  }
  if (!certificate.verify(new X509Certificate(authority.certificate).publicKey)) return 'the authority is another one';
  if (namesOf(certificate).join() !== names.map(plainName).toSorted().join()) return 'the names changed';
  return certificate.validToDate.getTime() < now + renewBefore ? 'it ends soon' : undefined;
}

/** When a certificate ends, in milliseconds since the Unix epoch. */
export function endOf(certificate: string): number {
  return new X509Certificate(certificate).validToDate.getTime();
}

/** The names and addresses of a server certificate. */
export function namesOfCertificate(certificate: string): string[] {
  return namesOf(new X509Certificate(certificate));
}

function namesOf(certificate: X509Certificate): string[] {
  const entries = (certificate.subjectAltName ?? '').split(', ').filter((entry) => entry !== '');
  return entries.map((entry) => plainName(entry.replace(/^(DNS|IP Address):/, ''))).toSorted();
}

/** The one spelling of a name or address that certificates are compared by. */
export function plainName(name: string): string {
  if (isIP(name) !== 6) return name.toLowerCase();
  return new URL(`http://[${name}]`).hostname.slice(1, -1);
}

function newKey(): { privateKey: KeyObject; publicKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

function pemOf(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

const spki = (key: KeyObject): Uint8Array => key.export({ type: 'spki', format: 'der' });
const keyId = (key: KeyObject): Uint8Array => createHash('sha256').update(spki(key)).digest().subarray(0, 20);
const ecdsaWithSha256 = sequence(identifier('1.2.840.10045.4.3.2'));
const commonName = (text: string) => sequence(set(sequence(identifier('2.5.4.3'), utf8(text))));

function extension(id: string, value: Uint8Array, critical = false): Uint8Array {
  return sequence(identifier(id), ...(critical ? [yes] : []), octets(value));
}

function alternativeName(name: string): Uint8Array {
  switch (isIP(name)) {
    case 4:
      return implicit(7, Uint8Array.from(name.split('.').map(Number)));
    case 6:
      return implicit(7, addressBytes(name));
    default:
      return implicit(2, Buffer.from(name, 'ascii'));
  }
}

/** The sixteen bytes of an IPv6 address. */
function addressBytes(address: string): Uint8Array {
  const [head = '', tail = ''] = plainName(address).split('::');
  const groups = (text: string) => (text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16)));
  const left = groups(head);
  const right = groups(tail);
  const all = [...left, ...Array<number>(8 - left.length - right.length).fill(0), ...right];
  return Uint8Array.from(all.flatMap((group) => [group >> 8, group & 255]));
}

/** An X.509 certificate, version 3 (RFC 5280), signed with ECDSA on P-256. */
function issue(request: {
  subject: string;
  publicKey: KeyObject;
  signer: KeyObject;
  until: number;
  now: number;
  random: Random;
  extensions: readonly Uint8Array[];
}): string {
  const serial = Buffer.from(request.random.hex(16), 'hex');
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40; // positive, and never shorter than the others
  const body = sequence(
    explicit(0, integer(Uint8Array.of(2))), // version 3
    integer(serial),
    ecdsaWithSha256,
    commonName(authorityName),
    sequence(time(request.now - grace), time(request.until)),
    commonName(request.subject),
    spki(request.publicKey),
    explicit(3, sequence(...request.extensions)),
  );
  const signature = sign('sha256', body, request.signer);
  const text = Buffer.from(sequence(body, ecdsaWithSha256, bits(signature))).toString('base64');
  return `-----BEGIN CERTIFICATE-----\n${text.replace(/.{64}(?=.)/g, '$&\n')}\n-----END CERTIFICATE-----\n`;
}
