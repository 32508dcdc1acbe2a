/** What a view asks for beside the stream: again when what it depends on changes, and after the stream was away. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Answers } from '../../view/routes.ts';
import { type Again, againAndAgain } from './again.ts';
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
  const key = asked === undefined ? '' : JSON.stringify([route, asked.parts, asked.query]);
  const reader = useRef<Again | undefined>(undefined);
  const fresh = generation.value;
  useEffect(() => {
    if (asked === undefined) return;
    const own = againAndAgain(async (signal) => {
      try {
        const data = await ask(route, { ...asked, signal });
        if (!signal.aborted) set({ key, data });
      } catch (error) {
        if (!signal.aborted) set((before) => (before.key === key ? { ...before, error } : { key, error }));
      }
    });
    reader.current = own;
    return () => {
      own.stop();
      reader.current = undefined;
    };
    // `asked` is new with every drawing: its key says whether it changed.
  }, [key]);
  useEffect(() => reader.current?.want(), [key, rev, fresh]);
  const mine = state.key === key ? state : undefined;
  return {
    data: mine?.data,
    error: mine?.error === undefined ? undefined : why(mine.error),
    missing: mine?.error instanceof AskError && (mine.error.code === 'NotFound' || mine.error.code === 'NotAllowed'),
    again: () => reader.current?.want(),
  };
}
