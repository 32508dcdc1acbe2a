/** Hub and island over TLS with the credentials that the product mints: all of the link works with exactly those rights. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { temporaryFolder } from '../../local/guard.ts';
import { systemClock as clock, systemRandom as random } from '../../src/clock.ts';
import { silentLog } from '../../src/kube/types.ts';
import { createLinkKeys, hubUser, islandUser } from '../../src/link/identity.ts';
import { askForLogs } from '../../src/link/logs-hub.ts';
import { answerLogs } from '../../src/link/logs-island.ts';
import { createNatsTransport } from '../../src/link/nats.ts';
import { hubSubjects, inboxPrefix, islandSubjects } from '../../src/link/subjects.ts';
import { LinkError, type LinkTransport } from '../../src/link/transport.ts';
import { eventually } from '../kube/eventually.ts';
import { LinkServer } from './server.ts';

const prefix = 'atoll';
const subjects = islandSubjects(prefix, 'paris');
const limit = 60_000;
const stop = new AbortController();
const running: Promise<void>[] = [];
let server: LinkServer;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let hub: LinkTransport;
let paris: LinkTransport;

async function transport(name: string, credentials: string, inbox?: string): Promise<LinkTransport> {
  const file = (suffix: string) => join(folder.path, `${name}.${suffix}`);
  await writeFile(file('creds'), credentials);
  await writeFile(file('ca'), server.authority.certificate);
  const made = createNatsTransport({
    servers: [server.url],
    credentialsFile: file('creds'),
    caFile: file('ca'),
    ...(inbox === undefined ? {} : { inboxPrefix: inbox }),
    name,
    clock,
    log: silentLog,
  });
  running.push(made.run(stop.signal));
  return made;
}

before(async () => {
  server = await LinkServer.start();
  folder = await temporaryFolder('atoll-creds-');
  hub = await transport('hub', (await hubUser(server.keys, prefix)).credentials);
  paris = await transport('paris', (await islandUser(server.keys, prefix, 'paris')).credentials, inboxPrefix('paris'));
  await eventually('both are connected', () => hub.connected && paris.connected, limit);
});

after(async () => {
  stop.abort();
  await Promise.allSettled(running);
  await folder?.remove();
  await server?.[Symbol.asyncDispose]();
});

const ask = (subject: string) => paris.request(subject, Buffer.from('hello'), { timeoutMs: 1000, signal: stop.signal });

describe('with minted credentials', () => {
  it('an island asks, the hub answers, and pokes it', async () => {
    const poked = Promise.withResolvers<void>();
    running.push(hub.subscribe(hubSubjects(prefix).sync, ({ respond }) => respond?.(Buffer.from('answer')), stop.signal));
    running.push(paris.subscribe(subjects.poke, () => poked.resolve(), stop.signal));
    const answer = await eventually('an answer', () => ask(subjects.sync), limit);
    assert.equal(Buffer.from(answer).toString(), 'answer');
    await eventually(
      'the poke',
      () => {
        hub.publish(subjects.poke, new Uint8Array());
        return Promise.race([poked.promise.then(() => true), clock.sleep(50).then(() => false)]);
      },
      limit,
    );
  });

  it('a log comes through, many chunks long', async () => {
    const readLogs = async function* () {
      for (let line = 0; line < 3500; line++) yield `line ${line}`;
    };
    running.push(answerLogs({ clock, log: silentLog, transport: paris, prefix, island: 'paris', readLogs }, stop.signal));
    const read = async () => {
      let count = 0;
      for await (const line of askForLogs(
        { clock, random, transport: hub, prefix },
        'paris',
        { job: { namespace: 'n', name: 'j' } },
        stop.signal,
      ))
        if (line) count++;
      return count;
    };
    assert.equal(await eventually('the log', read, limit), 3500);
  });

  it('a subject of another island is refused: asking gets no answer, listening is an error that names it', async () => {
    await assert.rejects(ask(islandSubjects(prefix, 'oslo').sync), LinkError);
    const listening = paris.subscribe(islandSubjects(prefix, 'oslo').poke, () => assert.fail('heard'), stop.signal);
    await assert.rejects(
      listening,
      (error: unknown) =>
        error instanceof LinkError && error.failure === 'Refused' && /atoll\.island\.oslo\.poke/.test(error.message),
    );
    // What is its own still works.
    assert.equal(Buffer.from(await ask(subjects.sync)).toString(), 'answer');
  });

  it('subscriptions and requests work again after the server was killed', async () => {
    await server.nats.kill();
    await eventually('both notice', () => !hub.connected && !paris.connected, limit);
    await assert.rejects(ask(subjects.sync), (error: unknown) => error instanceof LinkError && error.failure === 'Disconnected');
    await server.nats.start();
    const answer = await eventually('an answer', () => ask(subjects.sync), limit);
    assert.equal(Buffer.from(answer).toString(), 'answer');
  });

  it('an island with wrong credentials keeps trying, and is let in when its file is replaced', async () => {
    const file = join(folder.path, 'rome.creds');
    const foreign = await islandUser(createLinkKeys(), prefix, 'rome');
    const wrong = await transport('rome', foreign.credentials, inboxPrefix('rome'));
    await clock.sleep(500);
    assert.equal(wrong.connected, false);
    await writeFile(file, (await islandUser(server.keys, prefix, 'rome')).credentials);
    await eventually('it is let in', () => wrong.connected, limit);
  });
});
