/** Which route a request is for, and what stands in its path and query; everything else is refused. Pure. */
import { type Route, type RouteName, routes } from '../view/routes.ts';
import { badRequest } from './problem.ts';

export interface Matched {
  name: RouteName;
  route: Route;
  /** Decoded; each is checked to be a name before anybody uses it. */
  params: Readonly<Record<string, string>>;
}

const table = (Object.entries(routes) as [RouteName, Route][]).map(([name, route]) => ({
  name,
  route,
  segments: route.path.split('/'),
}));

/** `path` begins with `/`. Undefined when nothing is there for this method; `allow` names methods that there is something for. */
export function match(method: string, path: string): Matched | { allow: string[] } | undefined {
  const given = path.slice(1).split('/');
  const allow: string[] = [];
  for (const { name, route, segments } of table) {
    const params = paramsOf(segments, given);
    if (!params) continue;
    // A HEAD is a GET whose body is not sent.
    if (route.method === method || (route.method === 'GET' && method === 'HEAD')) return { name, route, params };
    allow.push(route.method);
  }
  return allow.length > 0 ? { allow } : undefined;
}

function paramsOf(segments: readonly string[], given: readonly string[]): Record<string, string> | undefined {
  if (segments.length !== given.length) return undefined;
  const params: Record<string, string> = {};
  for (const [at, segment] of segments.entries()) {
    const value = given[at] ?? '';
    if (!segment.startsWith(':')) {
      if (segment !== value) return undefined;
    } else {
      const decoded = decode(value);
      if (decoded === undefined || decoded === '') return undefined;
      params[segment.slice(1)] = decoded;
    }
  }
  return params;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

const name = { pattern: /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, says: 'must be a name of lower-case letters, digits and "-"' };
const forms: Readonly<Record<string, { pattern: RegExp; says: string }>> = {
  namespace: name,
  run: name,
  dataset: name,
  island: name,
  work: { pattern: /^(expert-[0-9]{3}|router|evaluation)$/, says: 'must be expert-000 to expert-255, router or evaluation' },
  index: { pattern: /^[0-9]{1,3}$/, says: 'must be the index of a shard' },
};
const historyRun = {
  pattern: /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.[0-9a-f]{8}$/,
  says: 'must be the name of a run, "." and the first eight digits of its uid',
};

/** Throws what is wrong with a part of the path. */
export function checkParams({ name: route, params }: Matched): void {
  for (const [key, value] of Object.entries(params)) {
    const form = key === 'run' && route.startsWith('history') ? historyRun : forms[key];
    if (!form?.pattern.test(value)) throw badRequest(`${key} in the path ${form?.says ?? 'is not known'}`, key);
  }
}

const longestValue = 256;

/** Known parameters, each once and short; throws on any other. */
export function queryOf(route: Route, search: URLSearchParams): ReadonlyMap<string, string> {
  const query = new Map<string, string>();
  for (const [key, value] of search) {
    const known = route.query ?? [];
    if (!known.includes(key))
      throw badRequest(`cannot read the query: a parameter is not known; known are ${known.join(', ') || 'none'}`, 'query');
    if (query.has(key)) throw badRequest(`${key} is given more than once`, key);
    if (value.length > longestValue || /\p{Cc}/u.test(value))
      throw badRequest(`${key} must have at most ${longestValue} characters and no control characters`, key);
    query.set(key, value);
  }
  return query;
}

/** A whole number of the query between two bounds; throws on anything else. */
export function wholeOf(query: ReadonlyMap<string, string>, key: string, min: number, max: number): number | undefined {
  const text = query.get(key);
  if (text === undefined) return undefined;
  const value = /^[0-9]{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max)) throw badRequest(`${key} must be a whole number from ${min} to ${max}`, key);
  return value;
}

export function oneOf<T extends string>(query: ReadonlyMap<string, string>, key: string, allowed: readonly T[]): T | undefined {
  const text = query.get(key);
  if (text === undefined) return undefined;
  const found = allowed.find((value) => value === text);
  if (found === undefined) throw badRequest(`${key} must be one of ${allowed.join(', ')}`, key);
  return found;
}

/** A name of the query; throws when it cannot be one. */
export function nameOf(query: ReadonlyMap<string, string>, key: string): string | undefined {
  const text = query.get(key);
  if (text !== undefined && !name.pattern.test(text)) throw badRequest(`${key} ${name.says}`, key);
  return text;
}
