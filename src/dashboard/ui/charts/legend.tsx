/** What the marks of a curve mean. */
export function Legend() {
  return (
    <p class="legend" aria-hidden="true">
      <span>
        <svg width="22" height="10" viewBox="0 0 22 10">
          <path class="legend-new" d="M1 5h20" />
        </svg>
        newest attempt
      </span>
      <span>
        <svg width="22" height="10" viewBox="0 0 22 10">
          <path class="legend-old" d="M1 5h20" />
        </svg>
        earlier attempts
      </span>
      <span>
        <svg width="10" height="12" viewBox="0 0 10 12">
          <path class="legend-start" d="M5 0v12" />
        </svg>
        an attempt began
      </span>
      <span>
        <svg width="12" height="10" viewBox="0 0 12 10">
          <path class="legend-checkpoint" d="M6 1l5 8H1z" />
        </svg>
        checkpoint, the final one larger
      </span>
      <span>
        <svg width="10" height="10" viewBox="0 0 10 10">
          <path class="legend-broken" d="M1 1l8 8M9 1 1 9" />
        </svg>
        loss was not a finite number
      </span>
    </p>
  );
}
