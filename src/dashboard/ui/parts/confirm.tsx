/** The dialog that stands between a click and what it does. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { acting, asked, type Confirmation, cancel, carryOut } from '../actions/confirm.ts';

export function ConfirmDialog() {
  const confirmation = asked.value;
  return confirmation === undefined ? null : <Open key={confirmation.title} confirmation={confirmation} />;
}

function Open({ confirmation: { title, happens, choice, button } }: { confirmation: Confirmation }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [chosen, choose] = useState('');
  useEffect(() => dialog.current?.showModal(), []);
  const { busy, refused } = acting.value;
  const submit = (event: Event) => {
    event.preventDefault();
    void carryOut(chosen === '' ? undefined : chosen);
  };
  const close = (event: Event) => {
    event.preventDefault();
    cancel();
  };
  return (
    <dialog ref={dialog} aria-labelledby="confirm-title" onCancel={close}>
      <form onSubmit={submit}>
        <div class="dialog-body">
          <h2 id="confirm-title">{title}</h2>
          {happens.map((sentence) => (
            <p key={sentence} class="soft">
              {sentence}
            </p>
          ))}
          {choice && (
            <label class="field">
              <span>{choice.label}</span>
              <select class="input" value={chosen} onChange={(event) => choose(event.currentTarget.value)}>
                <option value="">{choice.none}</option>
                {choice.options.map((option) => (
                  <option key={option} value={option}>
                    {option}
                  </option>
                ))}
              </select>
            </label>
          )}
          {refused !== undefined && (
            <p class="tone-bad" role="alert">
              {refused}
            </p>
          )}
        </div>
        <div class="dialog-actions">
          <button type="button" class="button" onClick={cancel} disabled={busy}>
            Cancel
          </button>
          <button type="submit" class="button button-main" disabled={busy}>
            {busy ? 'Asking ...' : button}
          </button>
        </div>
      </form>
    </dialog>
  );
}
