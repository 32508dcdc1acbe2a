/** A share of something as a bar with its words beside it. */
import { percent } from '../words/number.ts';

/** `share` from 0 to 1; `label` names what is measured, for those who do not see the bar. */
export function Meter({
  share,
  label,
  tone = 'work',
}: {
  share: number;
  label: string;
  tone?: 'work' | 'good' | 'quiet' | 'watch' | 'bad';
}) {
  const whole = Math.min(1, Math.max(0, share));
  return (
    <span class="meter">
      <span
        class={`meter-track tone-${tone}`}
        role="progressbar"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(whole * 100)}
      >
        <span class="meter-fill" style={{ width: `${whole * 100}%` }} />
      </span>
      <span class="number">{percent(whole)}</span>
    </span>
  );
}
