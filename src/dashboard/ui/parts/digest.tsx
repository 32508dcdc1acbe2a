/** A digest or key, short enough to read and whole when copied. */
import { say } from '../actions/confirm.ts';
import { shortDigest } from '../words/number.ts';

export function Digest({ value }: { value: string }) {
  return <Copied value={value} shown={shortDigest(value)} what="digest" />;
}

/** Text with a button that copies all of it. */
export function Copied({ value, shown = value, what }: { value: string; shown?: string; what: string }) {
  const copy = () => {
    navigator.clipboard.writeText(value).then(
      () => say(`Copied: ${value}`),
      () => say(`The browser does not let this page copy. It is: ${value}`),
    );
  };
  return (
    <span class="digest">
      <span title={value}>{shown}</span>
      <button type="button" class="copy" onClick={copy} aria-label={`Copy the ${what}`}>
        copy
      </button>
    </span>
  );
}
