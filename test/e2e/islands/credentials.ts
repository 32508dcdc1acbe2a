/** What the credentials of one island are good for: a client of NATS that holds them tries everything else. */
import { it } from 'node:test';
import { connect, credsAuthenticator, type NatsConnection, StringCodec } from 'nats';
import type { World } from './world.ts';

const text = StringCodec();

export function credentials(world: () => World): void {
  it("give an island's holder no other island's subjects, no answer for it, and no object beyond its own jobs", async () => {
    const { server, ca, creds } = await world().linkOf('west');
    const nc = await connect({
      servers: server,
      tls: { ca },
      authenticator: credsAuthenticator(new TextEncoder().encode(creds)),
      inboxPrefix: '_INBOX_west',
      maxReconnectAttempts: 0,
    });
    try {
      const refusals = refusalsOf(nc);
      const attempts: [string, () => void][] = [
        ['publish as another island', () => nc.publish('atoll.hub.east.sync', text.encode('{}'))],
        ['poke another island', () => nc.publish('atoll.island.east.poke')],
        ['poke itself, as the hub would', () => nc.publish('atoll.island.west.poke')],
        ['answer in the inbox of another island', () => nc.publish('_INBOX_east.x', text.encode('{}'))],
        ['publish to the system', () => nc.publish('$SYS.REQ.SERVER.PING')],
        ['listen as the hub', () => void nc.subscribe('atoll.hub.>')],
        ['listen to another island', () => void nc.subscribe('atoll.island.east.>')],
        ['listen in the inbox of another island', () => void nc.subscribe('_INBOX_east.>')],
        ['listen to everything', () => void nc.subscribe('>')],
      ];
      for (const [what, attempt] of attempts) {
        const before = refusals.length;
        attempt();
        await nc.flush();
        await world().until(`${what} refused`, async () => refusals.length > before, 30_000);
      }
      world().note(`refused to the credentials of west: ${attempts.map(([what]) => what).join('; ')}`);
    } finally {
      await nc.close();
    }
  });
}

/** Every permission error that the server sends. */
function refusalsOf(nc: NatsConnection): string[] {
  const found: string[] = [];
  void (async () => {
    for await (const { data } of nc.status()) {
      const said = JSON.stringify(data);
      if (/permissions?[ _]violation/i.test(said)) found.push(said);
    }
  })();
  return found;
}
