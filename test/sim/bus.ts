/** NATS of a simulated world: messages are delayed, and by faults lost, doubled, overtaken or held back by wires that are cut both ways or one way. */
import { type IncomingMessage, LinkError, type LinkTransport } from '../../src/link/transport.ts';
import type { Process, SimClock } from './clock.ts';
import type { Record } from './facts.ts';
import type { Dice } from './random.ts';

export interface BusWeather {
  /** The server is away: everybody is disconnected. */
  away: boolean;
  /** Shares of messages. */
  loss: number;
  duplication: number;
  /** Longest time on the way, in milliseconds; with a long one messages overtake each other. */
  delayMs: number;
  /** Sites that are disconnected. */
  cut: Set<string>;
  /** `from>to`: nothing goes this way, and nobody is told. */
  deaf: Set<string>;
}

export interface Bus {
  readonly weather: BusWeather;
  readonly counts: { lost: number; doubled: number; blocked: number };
  /** The connection of a process at a site; `inbox` is the name of an island. */
  connect(site: string, process: Process, inbox?: string): LinkTransport;
  /** Tells everybody who is connected again. */
  mended(): void;
}

interface Subscription {
  site: string;
  process: Process;
  pattern: string[];
  onMessage: (message: IncomingMessage) => void;
}

export const calmBus = (): BusWeather => ({ away: false, loss: 0, duplication: 0, delayMs: 8, cut: new Set(), deaf: new Set() });

const matches = (pattern: string[], subject: string[]) =>
  pattern.length === subject.length && pattern.every((token, index) => token === '*' || token === subject[index]);

export function createBus(clock: SimClock, record: Record, dice: Dice): Bus {
  const weather = calmBus();
  const counts = { lost: 0, doubled: 0, blocked: 0 };
  const subscriptions = new Set<Subscription>();
  const clients: { site: string; process: Process; listeners: (() => void)[] }[] = [];
  const down = (site: string) => weather.away || weather.cut.has(site);

  function carry(from: string, to: string, arrive: () => void): void {
    const lost = dice.chance(weather.loss);
    const twice = dice.chance(weather.duplication);
    if (lost) counts.lost++;
    else if (twice) counts.doubled++;
    for (let copy = 0; copy < (lost ? 0 : twice ? 2 : 1); copy++)
      clock.timer(dice.between(1, weather.delayMs), () => {
        if (down(from) || down(to) || weather.deaf.has(`${from}>${to}`)) counts.blocked++;
        else arrive();
      });
  }

  /** Returns how many subscribe to it. */
  function deliver(
    from: string,
    subject: string,
    data: Uint8Array,
    answer?: (site: string, data: Uint8Array) => void,
    inbox?: string,
  ) {
    const bytes = Uint8Array.from(data);
    record.note({ kind: 'said', where: `bus ${subject}`, text: Buffer.from(bytes).toString('latin1') });
    const words = subject.split('.');
    let heard = 0;
    for (const { site, process, pattern, onMessage } of subscriptions) {
      if (process.dead || !matches(pattern, words)) continue;
      heard++;
      carry(from, site, () =>
        process.run(() => {
          if (site === 'hub' && words.at(-1) === 'sync') record.note({ kind: 'heard', island: from });
          const respond = answer && ((reply: Uint8Array) => (process.dead ? undefined : answer(site, Uint8Array.from(reply))));
          onMessage({ subject, data: bytes, ...(respond ? { respond } : {}), ...(inbox === undefined ? {} : { inbox }) });
        }),
      );
    }
    return heard;
  }

  return {
    weather,
    counts,
    mended() {
      for (const { site, process, listeners } of clients) {
        if (process.dead || down(site)) continue;
        process.run(() => listeners.forEach((listener) => listener()));
      }
    },
    connect(site, process, inbox) {
      const client = { site, process, listeners: [] as (() => void)[] };
      clients.push(client);
      clock.timer(5, () => process.run(() => client.listeners.forEach((listener) => listener())));
      let requests = 0;
      return {
        run: (signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true })),
        get connected() {
          return !down(site);
        },
        onConnect: (listener) => void client.listeners.push(listener),
        request(subject, data, { timeoutMs, signal }) {
          const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
          if (down(site)) {
            reject(new LinkError('Disconnected', 'the wire is cut'));
            return promise;
          }
          const stop = process.clock.timer(timeoutMs, () => reject(new LinkError('Timeout', `no answer on ${subject}`)));
          const abort = () => reject(signal.reason as Error);
          signal.addEventListener('abort', abort, { once: true });
          const take = (from: string, reply: Uint8Array) =>
            carry(from, site, () =>
              process.run(() => {
                record.note({ kind: 'said', where: 'bus reply', text: Buffer.from(reply).toString('latin1') });
                resolve(reply);
              }),
            );
          const box = inbox === undefined ? undefined : `_INBOX_${inbox}.${requests++}`;
          if (deliver(site, subject, data, take, box) === 0)
            reject(new LinkError('NobodyAnswers', `nobody answers on ${subject}`));
          void promise
            .catch(() => undefined)
            .finally(() => {
              stop();
              signal.removeEventListener('abort', abort);
            });
          return promise;
        },
        publish(subject, data) {
          if (!down(site)) deliver(site, subject, data);
        },
        async subscribe(subject, onMessage, signal) {
          const subscription = { site, process, pattern: subject.split('.'), onMessage };
          subscriptions.add(subscription);
          await new Promise<void>((resolve) => {
            if (signal.aborted) resolve();
            else signal.addEventListener('abort', () => resolve(), { once: true });
          });
          subscriptions.delete(subscription);
        },
      };
    },
  };
}
