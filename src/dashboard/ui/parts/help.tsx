/** The list of keys, and the words that the views use. */
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

const words: [string, string][] = [
  ['Expert', 'one of the K models of a run; each trains on its own shard of the data, without the others'],
  ['Router', 'the small model that weighs the experts'],
  ['Island', 'a Kubernetes cluster with GPUs, on which experts run'],
  ['Attempt p2a1', 'the first try at the second place that an expert was put'],
  ['Checkpoint', 'what an attempt saved and published, to go on from'],
  ['Accepted', 'finished, verified, and counted by the hub'],
  ['Blocked', 'stopped until somebody retries it'],
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
        <h2 id="help-title">Keys and words</h2>
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
        <dl class="keys words">
          {words.map(([word, meaning]) => (
            <>
              <dt>{word}</dt>
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
