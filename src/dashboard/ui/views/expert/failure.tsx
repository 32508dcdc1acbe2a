/** The failure card: what it was, what becomes of it, what to do, and the last words of the pod. */
import type { FailureView } from '../../../view/work.ts';
import { Icon } from '../../parts/shapes.tsx';
import { Age } from '../../parts/time.tsx';
import { count } from '../../words/number.ts';
import { inWords } from '../../words/states.ts';
import { capital } from '../../words/work.ts';

export function FailureCard({ failure }: { failure: FailureView }) {
  const { class: kind, meaning, hint, message, lines = [], events = [], blocking } = failure;
  return (
    <section class={`block failure ${blocking ? 'failure-blocking' : ''}`} aria-labelledby="failure">
      <div class="failure-head">
        <Icon shape={blocking ? 'cross' : 'triangle'} />
        <h2 id="failure">
          {capital(inWords(kind))}
          {blocking ? ': it needs you' : ': it goes on by itself'}
        </h2>
        {failure.at !== undefined && (
          <span class="small">
            <Age at={failure.at} />
          </span>
        )}
      </div>
      <p>{meaning}</p>
      {hint !== undefined && (
        <p class="failure-hint">
          <strong>What to do: </strong>
          {hint}
        </p>
      )}
      {message !== undefined && <pre class="text wrapped">{message}</pre>}
      <dl class="facts small">
        <Pair name="Attempt" value={`p${failure.placement}a${failure.attempt}`} />
        <Pair name="Island" value={failure.island} />
        <Pair name="Node" value={failure.node} />
        <Pair name="Pod" value={failure.pod} />
        <Pair name="Last step" value={failure.step === undefined ? undefined : count(failure.step)} />
        <Pair name="Exit code" value={failure.exitCode?.toString()} />
        <Pair name="Rule" value={failure.rule} />
      </dl>
      {lines.length > 0 && (
        <>
          <h3>Last lines of its log</h3>
          <pre class="text short" tabIndex={0} aria-label="Last lines of its log">
            {lines.join('\n')}
          </pre>
        </>
      )}
      {events.length > 0 && (
        <>
          <h3>Events of its pod</h3>
          <ul class="small dotted">
            {events.map((event) => (
              <li key={event}>{event}</li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

function Pair({ name, value }: { name: string; value: string | undefined }) {
  if (value === undefined) return null;
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
