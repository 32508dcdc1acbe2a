/** The relative URL of a route: for the page, the CLI and the tests. */
import { type RouteName, routes } from './routes.ts';

/** Fills the path; throws when a part of it is missing. `base` ends with `/`, or is empty for a relative URL. */
export function urlOf(
  route: RouteName,
  parts: Readonly<Record<string, string | number>> = {},
  query: Readonly<Record<string, string | number | undefined>> = {},
  base = '',
): string {
  const path = routes[route].path.replace(/:([a-z]+)/g, (_, name: string) => {
    const part = parts[name];
    if (part === undefined || part === '') throw new Error(`cannot make the URL of ${route}: ${name} is missing`);
    return encodeURIComponent(part);
  });
  const asked = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) asked.set(name, String(value));
  const search = asked.toString();
  return `${base}${path}${search === '' ? '' : `?${search}`}`;
}
