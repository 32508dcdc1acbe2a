/** What a person chose for this browser: theme and time zone. Kept in the browser's storage where that is allowed. */
import { effect, signal } from '@preact/signals';
import type { Zone } from './words/time.ts';

export type Theme = 'system' | 'light' | 'dark';

const themes: readonly Theme[] = ['system', 'light', 'dark'];

export const theme = signal<Theme>(themes.find((one) => one === stored('theme')) ?? 'system');
export const zone = signal<Zone>(stored('zone') === 'local' ? 'local' : 'UTC');

/** Goes through system, light and dark. */
export function nextTheme(): void {
  theme.value = themes[(themes.indexOf(theme.value) + 1) % themes.length] ?? 'system';
}

export function otherZone(): void {
  zone.value = zone.value === 'UTC' ? 'local' : 'UTC';
}

/** Puts the theme on the page and remembers both choices. */
export function startPreferences(): void {
  effect(() => {
    if (theme.value === 'system') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = theme.value;
    store('theme', theme.value);
  });
  effect(() => store('zone', zone.value));
}

/** Storage may be refused by the browser: the choice then lasts as long as the page. */
function stored(key: string): string | null {
  try {
    return localStorage.getItem(`atoll.${key}`);
  } catch {
    return null;
  }
}

function store(key: string, value: string): void {
  try {
    localStorage.setItem(`atoll.${key}`, value);
  } catch {
    // See above.
  }
}
