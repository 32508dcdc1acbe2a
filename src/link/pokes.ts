/** Tells islands that something changed: at most once per island in a moment, however much changed in it. */
import type { Clock } from '../clock.ts';
import { islandSubjects } from './subjects.ts';
import type { LinkTransport } from './transport.ts';

export interface Pokes {
  poke(island: string): void;
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
}): Pokes {
  const { clock, transport, prefix, mayPoke } = options;
  const due = new Set<string>();
  let cancel: (() => void) | undefined;

  function send(): void {
    cancel = undefined;
    // One that is lost costs the island's next regular sync.
    if (mayPoke()) for (const island of due) transport.publish(islandSubjects(prefix, island).poke, nothing);
    due.clear();
  }

  return {
    poke(island) {
      due.add(island);
      cancel ??= clock.timer(gatherMs, send);
    },
    stop() {
      cancel?.();
      cancel = undefined;
      due.clear();
    },
  };
}
