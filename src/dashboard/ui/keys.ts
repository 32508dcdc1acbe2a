/** The keyboard: j and k go through the rows of a view, Enter opens one, / searches, ? lists the keys. */
import { signal } from '@preact/signals';
import { asked } from './actions/confirm.ts';
import { go } from './navigation.ts';

export const helpOpen = signal(false);

/** The rows of the view that is shown, in their order; set by the view. */
export interface Rows {
  count: number;
  /** Opens row `index`. */
  open: (index: number) => void;
  /** Brings row `index` into sight. */
  show: (index: number) => void;
}

let list: Rows | undefined;
/** Index of the row that j and k stand on; -1 for none. */
export const current = signal(-1);

/** A view hands in its rows, and undefined when it leaves. */
export function setRows(rows: Rows | undefined): void {
  list = rows;
  const last = (rows?.count ?? 0) - 1;
  if (current.peek() > last) current.value = last;
}

const places: Record<string, string> = { r: 'runs', e: 'experts', i: 'islands', d: 'datasets' };
let afterG = false;

export function startKeys(): void {
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || asked.peek() !== undefined) return;
    const { target } = event;
    const typing = target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
    if (event.key === 'Escape') {
      if (helpOpen.peek()) helpOpen.value = false;
      else if (typing) target.blur();
      else current.value = -1;
      return;
    }
    if (typing || helpOpen.peek()) return;
    if (press(event.key, target)) event.preventDefault();
  });
}

/** Whether the key meant something. */
function press(key: string, target: EventTarget | null): boolean {
  if (afterG) {
    afterG = false;
    const place = places[key];
    if (place !== undefined) go(place);
    return place !== undefined;
  }
  switch (key) {
    case 'g':
      afterG = true;
      return true;
    case '?':
      helpOpen.value = true;
      return true;
    case '/': {
      const search = document.querySelector<HTMLInputElement>('input[type=search]');
      search?.focus();
      search?.select();
      return search !== null;
    }
    case 'j':
    case 'k':
      return step(key === 'j' ? 1 : -1);
    case 'Enter':
      // A link or button that has the focus is what Enter is for.
      if (current.peek() < 0 || (target instanceof Element && target.closest('a, button, summary') !== null)) return false;
      list?.open(current.peek());
      return true;
    default:
      return false;
  }
}

function step(by: number): boolean {
  if (list === undefined || list.count === 0) return false;
  current.value = Math.min(list.count - 1, Math.max(0, current.peek() + by));
  list.show(current.value);
  return true;
}
