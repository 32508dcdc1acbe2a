/** What a view asks for beside the stream: again when what it depends on changes, and after the stream was away. */
import { useEffect, useState } from 'preact/hooks';
import type { Answers } from '../../view/routes.ts';
import { AskError, type Asked, ask, why } from './ask.ts';
import { generation } from './stream.ts';

export interface Result<T> {
  /** The newest answer; stays while a newer one is on its way. */
  data: T | undefined;
  /** Why there is none, or none newer. */
  error: string | undefined;
  /** There is no such thing, or none that may be seen. */
  missing: boolean;
  again: () => void;
}

/** `rev` is anything that changes when the answer may have; nothing is asked for while `asked` is undefined. */
export function useAsked<Name extends keyof Answers>(
  route: Name,
  asked: Asked | undefined,
  rev: string | number = '',
): Result<Answers[Name]> {
  const [state, set] = useState<{ key: string; data?: Answers[Name]; error?: unknown }>({ key: 'none' });
  const [turn, setTurn] = useState(0);
  const key = asked === undefined ? '' : JSON.stringify([route, asked.parts, asked.query]);
  const fresh = generation.value;
  useEffect(() => {
    if (asked === undefined) return;
    const stop = new AbortController();
    const begin = () => {
      ask(route, { ...asked, signal: stop.signal }).then(
        (data) => set({ key, data }),
        (error: unknown) => {
          if (!stop.signal.aborted) set((before) => (before.key === key ? { ...before, error } : { key, error }));
        },
      );
    };
    const timer = setTimeout(begin, state.key === key ? 1000 : 0);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
    // `asked` is new with every drawing: its key says whether it changed.
  }, [key, rev, turn, fresh]);
  const mine = state.key === key ? state : undefined;
  return {
    data: mine?.data,
    error: mine?.error === undefined ? undefined : why(mine.error),
    missing: mine?.error instanceof AskError && (mine.error.code === 'NotFound' || mine.error.code === 'NotAllowed'),
    again: () => setTurn(turn + 1),
  };
}
