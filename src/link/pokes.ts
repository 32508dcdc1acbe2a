/** Tells islands that something changed: at most once per island in a moment, however much changed in it. */
import type { Clock } from '../clock.ts';
import { islandSubjects } from './subjects.ts';
import type { LinkTransport } from './transport.ts';

export interface Pokes {
  poke(island: string): void;
  /** A poke that says which process leads now: whoever waits for an answer of another one need not wait on. */
  greet(island: string): void;
  stop(): void;
}

/** Long enough to gather what one reconcile or one `kubectl apply` changes. */
const gatherMs = 20;
const nothing = new Uint8Array();

export function createPokes(options: {
  clock: Clock;
  transport: Pick<LinkTransport, 'publish'>;
  prefix: string;
  mayPoke: () => boolean;
  /** Unique per process start. */
  instance: string;
}): Pokes {
  const { clock, transport, prefix, mayPoke } = options;
  const greeting = new TextEncoder().encode(options.instance);
  const due = new Map<string, Uint8Array>();
  let cancel: (() => void) | undefined;

  function send(): void {
    cancel = undefined;
    // One that is lost costs the island's next regular sync.
    if (mayPoke()) for (const [island, data] of due) transport.publish(islandSubjects(prefix, island).poke, data);
    due.clear();
  }

  function add(island: string, data: Uint8Array): void {
    due.set(island, data);
    cancel ??= clock.timer(gatherMs, send);
  }

  return {
    poke: (island) => add(island, due.get(island) ?? nothing),
    greet: (island) => add(island, greeting),
    stop() {
      cancel?.();
      cancel = undefined;
      due.clear();
    },
  };
}
