/** Sends live progress to the hub every few seconds: only what changed, only while connected, and nobody waits for it to arrive. */
import type { Progress } from '../api/work.ts';
import type { Clock } from '../clock.ts';
import { hubUidOf } from './answer.ts';
import { batch, encode } from './codec.ts';
import { batchBytes, mostEntries } from './messages.ts';
import type { Mirrors } from './mirrors.ts';
import { islandSubjects } from './subjects.ts';
import type { LinkTransport } from './transport.ts';

const everyMs = 3_000;

export function createProgressSender(options: {
  clock: Clock;
  transport: Pick<LinkTransport, 'publish' | 'connected'>;
  prefix: string;
  island: string;
  mirrors: Mirrors;
  progress: () => Iterable<readonly [string, Progress]>;
}): { run(signal: AbortSignal): Promise<void> } {
  const { clock, transport, mirrors, progress } = options;
  const subject = islandSubjects(options.prefix, options.island).progress;
  let sent = new Map<string, string>();

  function send(): void {
    if (!transport.connected) return;
    const hubUids = new Map(mirrors.list().map((mirror) => [mirror.metadata.uid ?? '', hubUidOf(mirror) ?? '']));
    const known = new Map<string, string>();
    const news: [string, Progress][] = [];
    for (const [mirrorUid, now] of progress()) {
      const uid = hubUids.get(mirrorUid);
      if (uid === undefined) continue;
      const text = JSON.stringify(now);
      known.set(uid, text);
      if (sent.get(uid) !== text) news.push([uid, now]);
    }
    sent = known;
    for (let rest = news; rest.length > 0; ) {
      const { taken } = batch(rest.slice(0, mostEntries), batchBytes);
      if (taken.length === 0) return;
      transport.publish(subject, encode({ entries: taken }));
      rest = rest.slice(taken.length);
    }
  }

  return {
    async run(signal) {
      while (!signal.aborted) {
        send();
        await clock.sleep(everyMs, signal).catch(() => undefined);
      }
    },
  };
}
