/** The live log of one attempt, with search. Lines are text, whatever they hold. */
import { type Signal, useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { AttemptView, WorkRow } from '../../../view/work.ts';
import { nameOf } from '../../charts/course.ts';
import { mostLines } from '../../live/lines.ts';
import { type LogState, readLog } from '../../live/log.ts';
import { pieces } from '../../words/find.ts';
import { count } from '../../words/number.ts';

const containers = ['trainer', 'restore', 'courier'] as const;
/** What is said while there is no line. */
const none: Readonly<Record<LogState['state'], string>> = {
  asking: 'Loading the log ...',
  reading: 'No line has been written yet. New ones appear here by themselves.',
  ended: 'The log is empty: nothing was written.',
  failed: 'No line could be read.',
};
/** Lines drawn at once; more hits than this are counted. */
const mostShown = 1500;

export function Log({ row, attempts }: { row: WorkRow; attempts: readonly AttemptView[] }) {
  const readable = attempts.filter(({ log }) => log).toReversed();
  const [chosen, choose] = useState('');
  const [container, setContainer] = useState<string>('trainer');
  const [search, setSearch] = useState('');
  const [turn, setTurn] = useState(0);
  const log = useSignal<LogState | undefined>(undefined);
  const { namespace, run, work } = row;
  const attempt = chosen === '' ? undefined : chosen;
  // A new attempt has a new log.
  const newest = attempt === undefined ? readable[0] && nameOf(readable[0]) : attempt;
  useEffect(() => {
    if (newest === undefined) return;
    const stop = new AbortController();
    const read = readLog({ parts: { namespace, run, work }, query: { attempt: newest, container, follow: 1 } }, stop.signal);
    const end = read.subscribe((value) => {
      log.value = value;
    });
    return () => {
      stop.abort();
      end();
    };
  }, [namespace, run, work, newest, container, turn]);
  return (
    <section class="block" aria-labelledby="log">
      <div class="block-head">
        <h2 id="log">Log</h2>
        <div class="log-tools">
          <input
            class="input"
            type="search"
            placeholder="Search the log"
            aria-label="Search the log"
            value={search}
            onInput={(event) => setSearch(event.currentTarget.value)}
          />
          <select class="input" aria-label="Attempt" value={chosen} onChange={(event) => choose(event.currentTarget.value)}>
            <option value="">newest attempt</option>
            {readable.map((one) => (
              <option key={nameOf(one)} value={nameOf(one)}>
                {nameOf(one)} on {one.island}
              </option>
            ))}
          </select>
          <select
            class="input"
            aria-label="Container"
            value={container}
            onChange={(event) => setContainer(event.currentTarget.value)}
          >
            {containers.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </div>
      </div>
      {newest === undefined ? (
        <p class="soft">No attempt has a log that can be read now: its pods are gone, or not there yet.</p>
      ) : (
        <Read log={log} search={search} again={() => setTurn(turn + 1)} />
      )}
    </section>
  );
}

function Read({ log, search, again }: { log: Signal<LogState | undefined>; search: string; again: () => void }) {
  const box = useRef<HTMLDivElement>(null);
  const [follow, setFollow] = useState(true);
  const { state = 'asking', first = 0, lines = [], error } = log.value ?? {};
  const hits = lines
    .map((line, index) => ({ number: first + index + 1, parts: pieces(line, search) }))
    .filter(({ parts }) => search === '' || parts.some(({ found }) => found));
  const shown = hits.slice(-mostShown);
  useLayoutEffect(() => {
    if (follow && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [lines, follow, search]);
  const scrolled = () => {
    const { scrollTop = 0, scrollHeight = 0, clientHeight = 0 } = box.current ?? {};
    setFollow(scrollTop + clientHeight > scrollHeight - 24);
  };
  return (
    <>
      <div class="log" ref={box} tabIndex={0} role="group" aria-label="Lines of the log" onScroll={scrolled}>
        {shown.length === 0 && <p class="log-none">{search === '' ? none[state] : 'No line holds this.'}</p>}
        {shown.map(({ number, parts }) => (
          <div key={number} class="log-line">
            <span class="log-number" aria-hidden="true">
              {number}
            </span>
            <span class="log-text">
              {parts.map(({ text, found }, index) => (found ? <mark key={index}>{text}</mark> : text))}
            </span>
          </div>
        ))}
      </div>
      <p class="figure-foot">
        <span>
          {search === '' ? `${count(lines.length)} lines` : `${count(hits.length)} of ${count(lines.length)} lines`}
          {first > 0 && `, the last ${count(mostLines)}`}
          {state === 'reading'
            ? follow
              ? '; following'
              : '; scrolled back, new lines below'
            : state === 'ended'
              ? '; the log has ended'
              : ''}
        </span>
        {state === 'failed' && (
          <span class="tone-watch" role="alert">
            {error}{' '}
            <button type="button" class="link-button" onClick={again}>
              Read it again
            </button>
          </span>
        )}
        {state === 'reading' && !follow && (
          <button type="button" class="link-button" onClick={() => setFollow(true)}>
            Follow
          </button>
        )}
      </p>
    </>
  );
}
