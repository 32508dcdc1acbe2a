/** Reads what an attempt leaves behind before its pod is taken away: the last lines of its log, and what Kubernetes warned of. */
import { containerNames } from '../api/courier.ts';
import type { Clock } from '../clock.ts';
import type { Pod } from '../kube/core.ts';
import { keyOf, type Log, type PodLogs } from '../kube/types.ts';
import type { Evidence } from './observed.ts';
import { container } from './podview.ts';
import { bothEnds, lastWords } from './record.ts';
import { telling } from './warned.ts';
import type { ReadEvents } from './warnings.ts';

export type ReadEvidence = (pod: Pod, signal: AbortSignal) => Promise<Evidence>;

/** Of the log. Stacks of many threads have many lines. */
const LINES = 80;
const CHARACTERS = 2048;
const EVENTS = 5;
/** Attempts that end at about the same time. */
const REMEMBERED = 100;
const EVENT_CHARACTERS = 256;
/** A kubelet that does not answer must not hold up what follows. */
const TIMEOUT_MS = 3_000;

export interface EvidenceOptions {
  readonly client: Partial<PodLogs>;
  readonly events: ReadEvents;
  readonly clock: Clock;
  readonly log: Log;
}

export function createReadEvidence({ client, events, clock, log }: EvidenceOptions): ReadEvidence {
  /** By pod uid: what was read while the trainer still ran, for when its log is gone with it; the newest `REMEMBERED`. */
  const before = new Map<string, string>();

  function remembered({ metadata: { uid = '' } }: Pod, text: string | undefined): string | undefined {
    if (text === undefined || text === '') return before.get(uid);
    before.delete(uid);
    before.set(uid, text);
    for (const oldest of before.keys()) if (before.size > REMEMBERED) before.delete(oldest);
    return text;
  }

  async function lines(pod: Pod, signal: AbortSignal): Promise<string | undefined> {
    const { running, terminated } = container(pod, containerNames.trainer)?.state ?? {};
    if (client.logs === undefined || (running === undefined && terminated === undefined)) return undefined;
    const kept: string[] = [];
    let length = 0;
    const options = { container: containerNames.trainer, tailLines: LINES };
    for await (const line of client.logs(keyOf(pod), options, signal)) {
      kept.push(printable(line));
      length += line.length;
      // Its answer when the container is gone already, with status 200.
      if (line.startsWith('unable to retrieve container logs for ')) throw new Error(line);
      while (kept.length > 1 && length - (kept[0]?.length ?? 0) > CHARACTERS) length -= kept.shift()?.length ?? 0;
    }
    return lastWords(kept.join('\n'), CHARACTERS);
  }

  return async (pod, signal) => {
    const { namespace, uid, creationTimestamp } = pod.metadata;
    const { nodeName } = pod.spec;
    const timeout = new AbortController();
    const stop = clock.timer(TIMEOUT_MS, () => timeout.abort(new Error(`no answer within ${TIMEOUT_MS} ms`)));
    const limited = AbortSignal.any([signal, timeout.signal]);
    const since = Date.parse(creationTimestamp ?? '') || 0;
    try {
      const [read, ofPod, ofNode] = await Promise.all([
        lines(pod, limited).catch((error: unknown) => {
          // Gone with its node, most likely. The kubelet's copy in the pod's status is what is left.
          log.debug({ pod: pod.metadata.name, error: error instanceof Error ? error.message : String(error) }, 'no log is left');
          return undefined;
        }),
        events({ namespace, selector: `regarding.uid=${uid}` }, limited),
        nodeName
          ? events({ namespace: 'default', selector: `regarding.kind=Node,regarding.name=${nodeName}`, since }, limited)
          : [],
      ]);
      const short = (all: string[]) =>
        telling(all)
          .slice(-EVENTS)
          .map((each) => bothEnds(printable(each).trim(), EVENT_CHARACTERS));
      // Told to end: what was missed must not be concluded from.
      signal.throwIfAborted();
      const text = remembered(pod, read);
      return { ...(text === undefined ? {} : { lines: text }), events: short(ofPod), nodeEvents: short(ofNode) };
    } finally {
      stop();
    }
  };
}

/** What a terminal takes for a command, such as a colour. */
const commands = new RegExp(`${String.fromCharCode(27)}\\[[0-9;?]*[ -/]*[@-~]`, 'g');

/** Without what moves a terminal about: colours, and control characters but tabs. */
export function printable(text: string): string {
  return text.replaceAll(commands, '').replaceAll(/(?!\t)\p{Cc}/gu, '');
}
