/** What minted credentials may do, tried with real clients at a real server: everything but an island's own subjects is refused. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { connect, credsAuthenticator, Events, type NatsConnection, type NatsError, StringCodec, type Subscription } from 'nats';
import { createLinkKeys, hubUser, islandUser, type LinkUser, operatorUsers } from '../../src/link/identity.ts';
import { pushRevocations } from '../../src/link/revocation.ts';
import { hubSubjects, islandSubjects } from '../../src/link/subjects.ts';
import { LinkServer } from './server.ts';

const prefix = 'atoll';
const text = StringCodec();
const paris = islandSubjects(prefix, 'paris');
const oslo = islandSubjects(prefix, 'oslo');

let server: LinkServer;
let hub: NatsConnection;
const open: NatsConnection[] = [];

async function connected(user: LinkUser, island?: string): Promise<NatsConnection> {
  const connection = await server.connect(user.credentials, island === undefined ? {} : { island });
  open.push(connection);
  return connection;
}
const island = async (name: string) => connected(await islandUser(server.keys, prefix, name), name);

before(async () => {
  server = await LinkServer.start();
  hub = await connected(await hubUser(server.keys, prefix));
  // As the link answers: what was asked, and by which subject.
  for (const subject of Object.values(hubSubjects(prefix)))
    hub.subscribe(subject, { callback: (_, message) => void message.respond(text.encode(`hub heard ${message.subject}`)) });
  await hub.flush();
});

after(async () => {
  await Promise.all(open.map((connection) => connection.close()));
  await server?.[Symbol.asyncDispose]();
});

/** The subject of the next refusal that the server tells this client, whatever it tried. */
async function refusalOf(connection: NatsConnection, attempt: () => void): Promise<string> {
  const status = connection.status();
  attempt();
  const limit = setTimeout(() => void connection.close(), 20_000);
  try {
    for await (const { type, permissionContext } of status)
      if (type === Events.Error && permissionContext) return `${permissionContext.operation} ${permissionContext.subject}`;
    return 'nothing was refused';
  } finally {
    clearTimeout(limit);
  }
}

describe('an island', () => {
  it('asks to sync and gets the answer in its own inbox', async () => {
    const connection = await island('paris');
    const answer = await connection.request(paris.sync, 'state', { timeout: 20_000 });
    assert.equal(text.decode(answer.data), 'hub heard atoll.hub.paris.sync');
    assert.ok(answer.subject.startsWith('_INBOX_paris.'), answer.subject);
  });

  it('sends progress and lines of a log, each of which the hub hears', async () => {
    const connection = await island('paris');
    const lines = hub.subscribe(paris.logs('7'), {
      max: 1,
      callback: (_, message) => void message.respond(text.encode('go on')),
    });
    await hub.flush();
    const heard = await connection.request(paris.progress, 'step 1', { timeout: 20_000 });
    assert.equal(text.decode(heard.data), 'hub heard atoll.hub.paris.progress');
    assert.equal(text.decode((await connection.request(paris.logs('7'), 'line', { timeout: 20_000 })).data), 'go on');
    assert.equal(lines.getReceived(), 1);
  });

  it('is told to sync and asked for a log, and no other island hears it', async () => {
    const [one, other] = [await island('paris'), await island('oslo')];
    const heard: string[] = [];
    const all = (connection: NatsConnection, subjects: string[]): Subscription[] =>
      subjects.map((subject) => connection.subscribe(subject, { callback: (_, message) => void heard.push(message.subject) }));
    all(one, [paris.poke, paris.askLogs]);
    all(other, [oslo.poke, oslo.askLogs]);
    await Promise.all([one.flush(), other.flush()]);
    hub.publish(paris.poke);
    hub.publish(paris.askLogs);
    await hub.flush();
    await Promise.all([one.flush(), other.flush()]);
    assert.deepEqual(heard.toSorted(), [paris.askLogs, paris.poke].toSorted());
  });
});

describe('an island is refused when it', () => {
  const publishes: [string, string][] = [
    ['syncs for another island', oslo.sync],
    ['sends progress of another island', oslo.progress],
    ['sends lines of a log of another island', oslo.logs('1')],
    ['pokes itself', paris.poke],
    ['pokes another island', oslo.poke],
    ['asks another island for a log', oslo.askLogs],
    ["writes into another island's inbox", '_INBOX_oslo.1.2'],
    ["writes into the hub's inbox", '_INBOX.1.2'],
    ['publishes on a subject of nobody', 'elsewhere'],
    ['publishes under another prefix', 'other.hub.paris.sync'],
    ['asks the server about itself', '$SYS.REQ.USER.INFO'],
    ['asks the server to take other claims', '$SYS.REQ.CLAIMS.UPDATE'],
    ['speaks to the JetStream API', '$JS.API.INFO'],
  ];
  for (const [what, subject] of publishes) {
    it(what, async () => {
      const connection = await island('paris');
      assert.equal(await refusalOf(connection, () => connection.publish(subject, 'x')), `publish ${subject}`);
    });
  }

  const subscribes: [string, string][] = [
    ['listens to everything', '>'],
    ['listens to all of Atoll', 'atoll.>'],
    ['listens as the hub', hubSubjects(prefix).sync],
    ['listens to its own requests, to answer them', paris.sync],
    ["listens to another island's requests, to answer them", oslo.sync],
    ["listens to another island's pokes", oslo.poke],
    ['listens to the pokes of all islands', 'atoll.island.*.poke'],
    ["listens to another island's inbox", '_INBOX_oslo.>'],
    ['listens to every inbox', '*.>'],
    ["listens to the hub's inbox", '_INBOX.>'],
    ["listens to the server's own events", '$SYS.>'],
  ];
  for (const [what, subject] of subscribes) {
    it(what, async () => {
      const connection = await island('paris');
      const attempt = () => void connection.subscribe(subject, { callback: () => {} });
      assert.equal(await refusalOf(connection, attempt), `subscription ${subject}`);
    });
  }

  it('has an inbox of another name: its request gets no answer', async () => {
    const user = await islandUser(server.keys, prefix, 'paris');
    const connection = await connected(user, 'oslo');
    const attempt = () => void connection.request(paris.sync, 'x', { timeout: 1000 }).catch(() => undefined);
    assert.match(await refusalOf(connection, attempt), /^subscription _INBOX_oslo\./);
  });

  it('has credentials of other keys', async () => {
    const stranger = await islandUser(createLinkKeys(), prefix, 'paris');
    await assert.rejects(connected(stranger), /Authorization Violation/i);
  });

  it('has no credentials at all', async () => {
    const options = { servers: server.url, tls: { ca: server.authority.certificate }, reconnect: false, timeout: 20_000 };
    await assert.rejects(connect(options), /Authorization Violation/i);
  });
});

describe('the hub', () => {
  it('may not speak unasked to an inbox', async () => {
    const connection = await connected(await hubUser(server.keys, prefix));
    const attempt = () => connection.publish('_INBOX_paris.x', 'x');
    assert.equal(await refusalOf(connection, attempt), 'publish _INBOX_paris.x');
  });

  it('may not answer for an island, or reach the server itself', async () => {
    for (const subject of [paris.sync, '$SYS.REQ.USER.INFO']) {
      const connection = await connected(await hubUser(server.keys, prefix));
      assert.equal(await refusalOf(connection, () => connection.publish(subject, 'x')), `publish ${subject}`);
    }
  });

  it('keeps its credentials over and over, and its key when the permissions changed', async () => {
    const keys = createLinkKeys();
    const first = await hubUser(keys, prefix);
    assert.deepEqual(await hubUser(keys, prefix, first.credentials), first);
    const moved = await hubUser(keys, 'other', first.credentials);
    assert.equal(moved.key, first.key);
    assert.notEqual(moved.credentials, first.credentials);
    assert.notEqual((await hubUser(createLinkKeys(), prefix, first.credentials)).key, first.key);
  });
});

describe('TLS', () => {
  it('fails with another authority', async () => {
    const user = await islandUser(server.keys, prefix, 'paris');
    const other = await LinkServer.start();
    await using _ = other;
    await assert.rejects(server.connect(user.credentials, { tls: { ca: other.authority.certificate } }), isTlsError);
  });

  it('fails without the authority', async () => {
    const user = await islandUser(server.keys, prefix, 'paris');
    await assert.rejects(server.connect(user.credentials, { tls: {} }), isTlsError);
  });

  it('is not optional', async () => {
    const user = await islandUser(server.keys, prefix, 'paris');
    const servers = server.url.replace('tls:', 'nats:');
    const authenticator = credsAuthenticator(new TextEncoder().encode(user.credentials));
    // The client goes over to TLS because the server asks for it, and then does not trust it.
    await assert.rejects(connect({ servers, authenticator, reconnect: false, timeout: 20_000 }), isTlsError);
  });
});

const isTlsError = (error: NatsError): boolean =>
  /certificate|TLS|ECONNRESET|unable to verify/i.test(`${error.message} ${error.chainedError?.message}`);

describe('a revoked island', () => {
  const target = () => ({ servers: [server.url], ca: server.authority.certificate, timeoutMs: 20_000 });

  it('is disconnected at once, cannot come back, and cannot after the server was started again', async () => {
    const [gone, stays] = [await islandUser(server.keys, prefix, 'rome'), await islandUser(server.keys, prefix, 'rome')];
    const [one, other] = [await connected(gone, 'rome'), await connected(stays, 'rome')];
    await pushRevocations(server.keys, [gone.key], target(), Date.now());
    assert.match(String(await one.closed()), /Authorization|revoked/i);
    await assert.rejects(connected(gone, 'rome'), /Authorization Violation/i);
    assert.equal(other.isClosed(), false);
    await other.request(islandSubjects(prefix, 'rome').sync, 'x', { timeout: 20_000 });

    await server.writeRevoked([gone.key]);
    await server.nats.kill();
    await server.nats.start();
    await assert.rejects(connected(gone, 'rome'), /Authorization Violation/i);
    await (await connected(stays, 'rome')).flush();
  });

  it('is refused at a server that nobody had reached before', async () => {
    await using fresh = await LinkServer.start();
    const user = await islandUser(fresh.keys, prefix, 'paris');
    const there = { servers: [fresh.url], ca: fresh.authority.certificate, timeoutMs: 20_000 };
    await pushRevocations(fresh.keys, [user.key], there, Date.now());
    await assert.rejects(fresh.connect(user.credentials), /Authorization Violation/i);
  });

  it('is not what an administrator with other keys makes of it', async () => {
    await assert.rejects(pushRevocations(createLinkKeys(), [], target(), Date.now()), /Authorization Violation/i);
  });

  it('is not made by the credentials that only make the account known: they may do nothing', async () => {
    const connection = await connected((await operatorUsers(server.keys, Date.now())).witness);
    assert.equal(await refusalOf(connection, () => connection.publish(paris.sync, 'x')), `publish ${paris.sync}`);
  });
});
