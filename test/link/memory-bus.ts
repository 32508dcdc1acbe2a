/** A message bus in memory on a fake clock: seeded loss, duplication, delay and reordering, and a wire per client that can be cut. */

import type { Random } from '../../src/clock.ts';
import { type IncomingMessage, LinkError, type LinkTransport, type RequestOptions } from '../../src/link/transport.ts';
import type { FakeClock } from '../kube/fake-clock.ts';

export interface Faults {
  /** Shares of messages, 0 to 1. */
  loss: number;
  duplication: number;
  /** Longest delay in milliseconds; with any, messages overtake each other. */
  delayMs: number;
}

export interface MemoryBus {
  client(name: string): LinkTransport;
  faults: Faults;
  /** Nothing from or to this client arrives, and it is told that it is disconnected. */
  cut(name: string): void;
  mend(name: string): void;
  /** Every message that was sent. */
  readonly sent: { from: string; subject: string; data: Uint8Array }[];
  /** Delivers as somebody would that is not a client. */
  inject(subject: string, data: Uint8Array, inbox?: string): Promise<Uint8Array | undefined>;
}

interface Subscription {
  client: string;
  pattern: string[];
  onMessage: (message: IncomingMessage) => void;
}

export function createMemoryBus(options: { clock: FakeClock; random: Random }): MemoryBus {
  const { clock, random } = options;
  const subscriptions = new Set<Subscription>();
  const down = new Set<string>();
  const listeners = new Map<string, (() => void)[]>();
  const sent: MemoryBus['sent'] = [];

  const matches = (pattern: string[], subject: string[]) =>
    pattern.length === subject.length && pattern.every((token, index) => token === '*' || token === subject[index]);

  /** Runs it now, later, twice or never. */
  function carry(from: string, to: string, arrive: () => void): void {
    const { loss, duplication, delayMs } = bus.faults;
    const copies = random.next() < loss ? 0 : random.next() < duplication ? 2 : 1;
    for (let copy = 0; copy < copies; copy++)
      clock.timer(delayMs * random.next(), () => {
        if (!down.has(from) && !down.has(to)) arrive();
      });
  }

  /** Returns how many heard it. */
  function deliver(
    from: string,
    subject: string,
    data: Uint8Array,
    answer?: (from: string, data: Uint8Array) => void,
    inbox?: string,
  ): number {
    const bytes = Uint8Array.from(data);
    sent.push({ from, subject, data: bytes });
    let heard = 0;
    for (const { client, pattern, onMessage } of subscriptions) {
      if (!matches(pattern, subject.split('.'))) continue;
      heard++;
      carry(from, client, () => {
        const respond = answer && ((reply: Uint8Array) => answer(client, Uint8Array.from(reply)));
        onMessage({ subject, data: bytes, ...(respond ? { respond } : {}), ...(inbox === undefined ? {} : { inbox }) });
      });
    }
    return heard;
  }

  function clientOf(name: string): LinkTransport {
    return {
      run: (signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true })),
      get connected() {
        return !down.has(name);
      },
      onConnect: (listener) => void listeners.set(name, [...(listeners.get(name) ?? []), listener]),
      request(subject: string, data: Uint8Array, { timeoutMs, signal }: RequestOptions) {
        const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
        if (down.has(name)) {
          reject(new LinkError('Disconnected', 'the wire is cut'));
          return promise;
        }
        const stop = clock.timer(timeoutMs, () => reject(new LinkError('Timeout', `no answer on ${subject}`)));
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
        const heard = deliver(name, subject, data, (from, reply) => carry(from, name, () => resolve(reply)));
        if (heard === 0) reject(new LinkError('NobodyAnswers', `nobody answers on ${subject}`));
        void promise.catch(() => undefined).finally(stop);
        return promise;
      },
      publish(subject, data) {
        if (!down.has(name)) deliver(name, subject, data);
      },
      async subscribe(subject, onMessage, signal) {
        const subscription = { client: name, pattern: subject.split('.'), onMessage };
        subscriptions.add(subscription);
        await new Promise<void>((resolve) => {
          if (signal.aborted) resolve();
          else signal.addEventListener('abort', () => resolve(), { once: true });
        });
        subscriptions.delete(subscription);
      },
    };
  }

  const bus: MemoryBus = {
    client: clientOf,
    faults: { loss: 0, duplication: 0, delayMs: 0 },
    cut: (name) => void down.add(name),
    mend(name) {
      down.delete(name);
      for (const listener of listeners.get(name) ?? []) listener();
    },
    sent,
    async inject(subject, data, inbox) {
      let answer: Uint8Array | undefined;
      const take = (_: string, reply: Uint8Array) => {
        answer = reply;
      };
      deliver('stranger', subject, data, take, inbox);
      await clock.advance(100);
      return answer;
    },
  };
  return bus;
}
