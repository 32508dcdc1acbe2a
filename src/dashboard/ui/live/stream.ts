/** The one stream of the page: opened again by itself, resumed where it broke, and honest about its age. */
import { batch, computed, effect, signal } from '@preact/signals';
import type { Beat, Changes, End, Snapshot } from '../../view/stream.ts';
import { serverTime } from '../now.ts';
import { AskError, open, session } from './ask.ts';
import { backoff } from './backoff.ts';
import { eventReader, type ServerEvent } from './events.ts';
import { fromSnapshot, type Held, nothing, withChanges } from './rows.ts';

/** Without a word for so long, the page says how old it is. */
export const staleMs = 15_000;
/** Without a word for so long, the connection is given up: the server beats every 10 s. */
const deafMs = 25_000;

/** What the stream carries besides the rows of runs, data sets and islands. */
export interface Scope {
  /** `namespace/name` of the run that is looked at. */
  run?: string;
  /** The works of all runs. */
  works?: 'all';
}

export const scope = signal<Scope>({});
/** Undefined until the first snapshot of the present scope. */
export const held = signal<Held | undefined>(undefined);
/** The scope that `held` is of. */
export const heldScope = signal<Scope>({});
/** When the server was heard last, by this browser's clock; and since when it does not hear the API server itself. */
export const heard = signal<{ at: number; staleSince?: string }>({ at: Date.now() });
/** Why the stream is not open; undefined while it is. */
export const away = signal<string | undefined>('connecting');
/** Counts snapshots: whatever was asked for beside the stream is asked for again. */
export const generation = signal(0);

export const rows = computed<Held>(() => held.value ?? nothing);

/** Looks at something else; what is held stays until the new snapshot is there. */
export function look(next: Scope): void {
  const { run, works } = scope.peek();
  if (run !== next.run || works !== next.works) scope.value = next;
}

/** Keeps a stream open as long as somebody is signed in. */
export function startStream(): void {
  effect(() => {
    const user = session.value?.user;
    const wanted = scope.value;
    if (user === undefined) {
      held.value = undefined;
      return;
    }
    const stop = new AbortController();
    void follow(wanted, stop.signal);
    return () => stop.abort();
  });
}

async function follow(wanted: Scope, stop: AbortSignal): Promise<void> {
  let lastId = '';
  for (let attempt = 1; !stop.aborted; attempt += 1) {
    try {
      await connect(wanted, lastId, stop, (id) => {
        lastId = id;
        attempt = 0;
      });
    } catch (error) {
      if (stop.aborted) return;
      away.value = error instanceof Error ? error.message : String(error);
      if (error instanceof AskError && error.code === 'SignInNeeded') return;
    }
    await pause(backoff(Math.max(1, attempt), Math.random()), stop);
  }
}

/** One connection, to its end; whatever ends it is an error. */
async function connect(wanted: Scope, lastId: string, outer: AbortSignal, onEvent: (id: string) => void): Promise<never> {
  const deaf = new AbortController();
  let timer = setTimeout(() => deaf.abort(), deafMs);
  try {
    const resume = lastId === '' ? {} : { 'last-event-id': lastId };
    const response = await open('stream', {
      query: { ...wanted },
      headers: { accept: 'text/event-stream', ...resume },
      signal: AbortSignal.any([outer, deaf.signal]),
    });
    const read = eventReader();
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    for (let piece = await reader?.read(); piece && !piece.done; piece = await reader?.read()) {
      clearTimeout(timer);
      timer = setTimeout(() => deaf.abort(), deafMs);
      const events = read(piece.value);
      batch(() => {
        heard.value = { ...heard.peek(), at: Date.now() };
        away.value = undefined;
        for (const event of events) take(event, wanted);
      });
      const last = events.at(-1);
      if (last) onEvent(last.id);
    }
    throw new AskError('Away', 'the server closed the stream.');
  } catch (error) {
    if (deaf.signal.aborted) throw new AskError('Away', 'the server has not been heard for 25 s.', { cause: error });
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function take({ type, data }: ServerEvent, wanted: Scope): void {
  switch (type) {
    case 'snapshot': {
      const snapshot = JSON.parse(data) as Snapshot;
      serverTime(Date.parse(snapshot.at));
      held.value = fromSnapshot(snapshot);
      heldScope.value = wanted;
      generation.value += 1;
      return;
    }
    case 'change': {
      const changes = JSON.parse(data) as Changes;
      serverTime(Date.parse(changes.at));
      held.value = withChanges(held.peek() ?? nothing, changes);
      return;
    }
    case 'beat': {
      const { at, staleSince } = JSON.parse(data) as Beat;
      serverTime(Date.parse(at));
      heard.value = { at: Date.now(), ...(staleSince === undefined ? {} : { staleSince }) };
      return;
    }
    case 'end': {
      const { reason } = JSON.parse(data) as End;
      if (reason === 'SignedOut') session.value = null;
    }
  }
}

/** Waits, or less when the network comes back or somebody looks again. */
function pause(ms: number, until: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const left = new AbortController();
    const end = () => {
      clearTimeout(timer);
      left.abort();
      resolve();
    };
    const timer = setTimeout(end, ms);
    const once = { signal: left.signal };
    until.addEventListener('abort', end, once);
    window.addEventListener('online', end, once);
    document.addEventListener('visibilitychange', () => !document.hidden && end(), once);
  });
}
