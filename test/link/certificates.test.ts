/** Certificates of the link as Node reads them: names, purpose, chain, and when a new one is due. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { describe, it } from 'node:test';
import { systemRandom as random } from '../../src/clock.ts';
import { createAuthority, createServerCertificate, endOf, renewalReason } from '../../src/link/certificates.ts';

const day = 86_400_000;
const now = Date.parse('2026-11-26T06:00:00Z');
const names = ['nats.example.org', 'atoll-nats.atoll-system.svc', '10.0.0.1', '2001:DB8::1', '::1', '::ffff:0:1'];
const authority = createAuthority({ now, random });
const server = createServerCertificate(authority, names, { now, random });

describe('a server certificate', () => {
  const certificate = new X509Certificate(server.certificate);

  it('is one of its authority, for its names and addresses only', () => {
    assert.ok(certificate.verify(new X509Certificate(authority.certificate).publicKey));
    assert.ok(certificate.checkIssued(new X509Certificate(authority.certificate)));
    assert.equal(certificate.checkHost('nats.example.org'), 'nats.example.org');
    assert.equal(certificate.checkHost('example.org'), undefined);
    for (const address of ['10.0.0.1', '2001:db8::1', '::1']) assert.equal(certificate.checkIP(address), address);
    assert.equal(certificate.checkIP('10.0.0.2'), undefined);
    assert.equal(certificate.ca, false);
  });

  it('is good for a year, and its authority for ten', () => {
    assert.equal(certificate.validToDate.toISOString(), '2027-11-26T06:00:00.000Z');
    assert.ok(endOf(authority.certificate) - now > 3649 * day);
    assert.equal(new X509Certificate(authority.certificate).ca, true);
  });

  const cases: [string, string | undefined, () => string | undefined][] = [
    ['stays while nothing changes', undefined, () => renewalReason(server, authority, names, now)],
    [
      'stays when names only change places or case',
      undefined,
      () =>
        renewalReason(
          server,
          authority,
          names.toReversed().map((name) => name.toUpperCase()),
          now,
        ),
    ],
    ['is made anew for another name', 'the names changed', () => renewalReason(server, authority, [...names, 'more'], now)],
    ['is made anew in its last month', 'it ends soon', () => renewalReason(server, authority, names, now + 336 * day)],
    ['stays before that', undefined, () => renewalReason(server, authority, names, now + 334 * day)],
    [
      'is made anew for another authority',
      'the authority is another one',
      () => renewalReason(server, createAuthority({ now, random }), names, now),
    ],
    [
      'is made anew when its key is not its own',
      'its key is another one',
      () => renewalReason({ ...server, key: authority.key }, authority, names, now),
    ],
    [
      'is made anew when it cannot be read',
      'it cannot be read',
      () => renewalReason({ ...server, certificate: 'x' }, authority, names, now),
    ],
  ];
  for (const [what, expected, reason] of cases) it(what, () => assert.equal(reason(), expected));

  it('has a year of four digits from 2050 on', () => {
    const late = createAuthority({ now: Date.parse('2045-01-01T00:00:00Z'), random });
    assert.equal(new X509Certificate(late.certificate).validToDate.toISOString(), '2054-12-30T00:00:00.000Z');
  });
});
