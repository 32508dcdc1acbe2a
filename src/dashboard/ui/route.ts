/** The addresses of the page: each view has one, and everything needed to show it again stands in it. */
import { type PagePlace, pagePlaces } from '../view/pages.ts';

export type Route =
  | { view: 'runs' }
  | { view: 'run'; namespace: string; name: string }
  | { view: 'expert'; namespace: string; name: string; index: number }
  | { view: 'lineage'; namespace: string; name: string }
  | { view: 'ensemble'; namespace: string; name: string }
  | { view: 'history' }
  | { view: 'past'; namespace: string; name: string }
  | { view: 'experts' }
  | { view: 'islands' }
  | { view: 'island'; name: string }
  | { view: 'datasets' }
  | { view: 'dataset'; namespace: string; name: string }
  | { view: 'signin' }
  | { view: 'unknown'; path: string };

/** Reads a path below the base of the page, without query and leading slash. */
export function parseRoute(path: string): Route {
  const parts = path.split('/').filter((part) => part !== '');
  const [view, namespace, name, part, index, ...more] = parts.map(decode);
  const unknown: Route = { view: 'unknown', path };
  if (more.length > 0) return unknown;
  if (view === undefined) return { view: 'runs' };
  if (namespace === undefined) {
    return isPlace(view) ? { view } : unknown;
  }
  if (view === 'islands') return name === undefined ? { view: 'island', name: namespace } : unknown;
  if (name === undefined) return unknown;
  if (view === 'datasets') return part === undefined ? { view: 'dataset', namespace, name } : unknown;
  if (view === 'history') return part === undefined ? { view: 'past', namespace, name } : unknown;
  if (view !== 'runs') return unknown;
  if (part === undefined) return { view: 'run', namespace, name };
  if (part === 'experts' && index !== undefined && /^\d{1,3}$/.test(index))
    return { view: 'expert', namespace, name, index: Number(index) };
  if ((part === 'lineage' || part === 'ensemble') && index === undefined) return { view: part, namespace, name };
  return unknown;
}

/** The path of a view, relative to the base of the page. */
export function pathOf(route: Route): string {
  if (route.view === 'unknown') return route.path;
  if (route.view === 'island') return `islands/${encodeURIComponent(route.name)}`;
  if (!('name' in route)) return route.view;
  const object = `${encodeURIComponent(route.namespace)}/${encodeURIComponent(route.name)}`;
  switch (route.view) {
    case 'dataset':
      return `datasets/${object}`;
    case 'past':
      return `history/${object}`;
    case 'expert':
      return `runs/${object}/experts/${route.index}`;
    case 'run':
      return `runs/${object}`;
    default:
      return `runs/${object}/${route.view}`;
  }
}

function isPlace(view: string): view is PagePlace {
  return pagePlaces.some((place) => place === view);
}

/** A part that is no valid encoding stands for itself. */
function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
