/** Where the page is: the address bar as signals, and the history. */
import { computed, signal } from '@preact/signals';
import { parseRoute, pathOf, type Route } from './route.ts';

/** Everything is relative to this folder, whatever prefix a proxy put in front. Ends with a slash. */
const base = new URL('.', document.baseURI);

const address = signal(window.location.href);

export const route = computed<Route>(() => {
  const { pathname } = new URL(address.value);
  return parseRoute(pathname.startsWith(base.pathname) ? pathname.slice(base.pathname.length) : '');
});

/** The query of the address: filters and switches of the view. */
export const query = computed(() => new URL(address.value).searchParams);

/** The address of something below the base, for `fetch`. */
export const below = (path: string): string => new URL(path, base).href;

/** Goes to a view; `replace` leaves no entry to go back to. */
export function go(to: Route | string, { replace = false } = {}): void {
  const href = below(typeof to === 'string' ? to : pathOf(to));
  if (href === window.location.href) return;
  const samePlace = new URL(href).pathname === window.location.pathname;
  history[replace ? 'replaceState' : 'pushState'](null, '', href);
  address.value = href;
  if (!samePlace) window.scrollTo(0, 0);
}

/** Sets one word of the query, or removes it; the view stays where it is. */
export function setQuery(key: string, value: string | undefined): void {
  const url = new URL(window.location.href);
  if (value === undefined || value === '') url.searchParams.delete(key);
  else url.searchParams.set(key, value);
  history.replaceState(null, '', url);
  address.value = url.href;
}

/** Follows the history and plain clicks on links below the base; others are left to the browser. */
export function startNavigation(): void {
  window.addEventListener('popstate', () => {
    address.value = window.location.href;
  });
  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (!link?.href.startsWith(base.href) || link.target !== '' || link.hasAttribute('download') || link.dataset['plain']) return;
    event.preventDefault();
    go(link.href);
  });
}
