/** Attempts along time: one bar each, and the same in words. */
import type { AttemptView } from '../../../view/work.ts';
import { nameOf } from '../../charts/course.ts';
import { now } from '../../now.ts';
import { State } from '../../parts/state.tsx';
import { Age, Span } from '../../parts/time.tsx';
import { count } from '../../words/number.ts';
import { lookOf } from '../../words/states.ts';
import { instant } from '../../words/time.ts';

export function Attempts({ attempts }: { attempts: readonly AttemptView[] }) {
  const started = attempts.flatMap(({ startedAt }) => (startedAt === undefined ? [] : [instant(startedAt)]));
  const running = attempts.some(({ startedAt, finishedAt }) => startedAt !== undefined && finishedAt === undefined);
  const from = Math.min(...started);
  const to = running
    ? now.value
    : Math.max(...attempts.map(({ finishedAt, startedAt }) => instant(finishedAt ?? startedAt ?? from)));
  const place = (at: number) => `${(Math.min(1, Math.max(0, (at - from) / Math.max(1, to - from))) * 100).toFixed(2)}%`;
  return (
    <section class="block" aria-labelledby="attempts">
      <h2 id="attempts" class="block-head">
        Attempts
      </h2>
      {attempts.length === 0 ? (
        <p class="soft">None yet: its pods have not been started.</p>
      ) : (
        <div class="sheet scroll" tabIndex={0} role="group" aria-label="Attempts">
          <table class="plain attempts">
            <caption class="hidden">Attempts, the newest first</caption>
            <thead>
              <tr>
                <th scope="col">Attempt</th>
                <th scope="col">Ended</th>
                <th scope="col">Island, node</th>
                <th scope="col" class="right">
                  Last step
                </th>
                <th scope="col">Started</th>
                <th scope="col">Ran for</th>
                <th scope="col" class="timeline">
                  When
                </th>
                <th scope="col">Message</th>
              </tr>
            </thead>
            <tbody>
              {attempts.toReversed().map((attempt) => {
                const { startedAt, finishedAt, class: kind } = attempt;
                const look =
                  kind === undefined
                    ? lookOf('Running')
                    : kind === 'Succeeded'
                      ? lookOf('Succeeded')
                      : ({ tone: 'bad', shape: 'cross' } as const);
                return (
                  <tr key={nameOf(attempt)}>
                    <th scope="row" class="row-head">
                      {nameOf(attempt)}
                    </th>
                    <td>
                      <State state={kind ?? (startedAt === undefined ? 'Starting' : 'Running')} look={look} />
                      {attempt.exitCode !== undefined && attempt.exitCode !== 0 && (
                        <span class="small faint"> exit {attempt.exitCode}</span>
                      )}
                    </td>
                    <td class="nowrap">
                      {attempt.island}
                      {attempt.node !== undefined && <span class="faint">, {attempt.node}</span>}
                    </td>
                    <td class="right">{attempt.step === undefined ? '' : count(attempt.step)}</td>
                    <td class="nowrap">{startedAt === undefined ? 'not yet' : <Age at={startedAt} />}</td>
                    <td class="nowrap">{startedAt !== undefined && <Span from={startedAt} to={finishedAt} />}</td>
                    <td class="timeline">
                      {startedAt !== undefined && (
                        <span class="timeline-track" aria-hidden="true">
                          <span
                            class={`timeline-bar tone-${look.tone}`}
                            style={{
                              left: place(instant(startedAt)),
                              right: `calc(100% - ${place(finishedAt === undefined ? now.value : instant(finishedAt))})`,
                            }}
                          />
                        </span>
                      )}
                    </td>
                    <td class="wrap">{attempt.message}</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
