/** The list of keys. */
import { useEffect, useRef } from 'preact/hooks';
import { helpOpen } from '../keys.ts';

const keys: [string[], string][] = [
  [['/'], 'Search in this list or log'],
  [['j', 'k'], 'Next and previous row'],
  [['Enter'], 'Open the row'],
  [['Esc'], 'Leave a field, a dialog or the row'],
  [['g', 'r'], 'Go to runs'],
  [['g', 'e'], 'Go to experts'],
  [['g', 'i'], 'Go to islands'],
  [['g', 'd'], 'Go to data sets'],
  [['←', '→'], 'Walk along a chart that has the focus'],
  [['?'], 'This list'],
];

export function HelpDialog() {
  return helpOpen.value ? <Open /> : null;
}

function Open() {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const close = () => {
    helpOpen.value = false;
  };
  return (
    <dialog ref={dialog} aria-labelledby="help-title" onClose={close}>
      <div class="dialog-body">
        <h2 id="help-title">Keys</h2>
        <dl class="keys">
          {keys.map(([names, meaning]) => (
            <>
              <dt>
                {names.map((name) => (
                  <kbd key={name}>{name}</kbd>
                ))}
              </dt>
              <dd>{meaning}</dd>
            </>
          ))}
        </dl>
      </div>
      <div class="dialog-actions">
        <button type="button" class="button" onClick={close}>
          Close
        </button>
      </div>
    </dialog>
  );
}
