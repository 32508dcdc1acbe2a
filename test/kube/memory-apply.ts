/** Server-side apply for the API server in memory: who owns which field, merging, conflicts and removal of what is no longer applied. */
import { isDeepStrictEqual } from 'node:util';

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type JsonObject = { [name: string]: Json };

/** A copy that shares nothing with the original; many times faster than structuredClone, for what JSON can hold. */
export function copy<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(copy) as T;
  const result: Record<string, unknown> = {};
  for (const name in value) result[name] = copy(value[name]);
  return result as T;
}

/** A field by name, or an element of a list by its key or (in a set) its value. */
type Step = string | { key: string; value: Json } | { member: Json };
interface Leaf {
  path: Step[];
  value: Json;
}

/** Field paths per manager; the paths are JSON texts of their steps. */
export type Ownership = Map<string, Set<string>>;

/** Lists that merge by a key of their elements; `finalizers` is a set; every other list is replaced whole. */
const keyedLists: Record<string, string> = {
  conditions: 'type',
  ownerReferences: 'uid',
  containers: 'name',
  initContainers: 'name',
  volumes: 'name',
  env: 'name',
};
const sets = new Set(['finalizers']);
const identity = [
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'name',
  'namespace',
  'managedFields',
];

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What an applied or written object says, leaf by leaf; identity and what the server sets are nobody's. */
export function leavesOf(object: JsonObject, part: 'main' | 'status'): Leaf[] {
  const leaves: Leaf[] = [];
  const walk = (path: Step[], value: Json) => {
    const field = path.at(-1);
    if (isObject(value) && Object.keys(value).length > 0) {
      for (const [name, inner] of Object.entries(value)) walk([...path, name], inner);
    } else if (Array.isArray(value) && typeof field === 'string' && keyedLists[field] !== undefined && value.every(isObject)) {
      const key = keyedLists[field];
      for (const element of value) walk([...path, { key, value: element[key] ?? null }], element);
    } else if (Array.isArray(value) && typeof field === 'string' && sets.has(field)) {
      for (const member of value) leaves.push({ path: [...path, { member }], value: member });
    } else leaves.push({ path, value });
  };
  for (const [name, value] of Object.entries(object)) {
    if (part === 'status' ? name !== 'status' : ['status', 'apiVersion', 'kind', 'metadata'].includes(name)) continue;
    walk([name], value);
  }
  if (part === 'main' && isObject(object['metadata']))
    for (const [name, value] of Object.entries(object['metadata'])) if (!identity.includes(name)) walk(['metadata', name], value);
  return leaves;
}

export function pathText(path: Step[]): string {
  return JSON.stringify(path);
}

/** The element or field at the end of `path`, or undefined. */
function read(root: Json | undefined, path: Step[]): Json | undefined {
  let at: Json | undefined = root;
  for (const step of path) {
    if (typeof step === 'string') at = isObject(at) ? at[step] : undefined;
    else at = Array.isArray(at) ? at[indexOf(at, step)] : undefined;
    if (at === undefined) return undefined;
  }
  return at;
}

function indexOf(list: Json[], step: Exclude<Step, string>): number {
  if ('member' in step) return list.findIndex((element) => isDeepStrictEqual(element, step.member));
  return list.findIndex((element) => isObject(element) && isDeepStrictEqual(element[step.key], step.value));
}

function write(root: JsonObject, path: Step[], value: Json): void {
  let at: Json = root;
  for (const [depth, step] of path.entries()) {
    const last = depth === path.length - 1;
    const fresh: Json = last ? value : typeof path[depth + 1] === 'string' ? {} : [];
    if (typeof step === 'string') {
      const parent = at as JsonObject;
      if (last || typeof parent[step] !== 'object' || parent[step] === null) parent[step] = fresh;
      at = parent[step] ?? null;
    } else {
      const list = at as Json[];
      const index = indexOf(list, step);
      if (index < 0) list.push('key' in step && isObject(fresh) ? { [step.key]: step.value, ...fresh } : fresh);
      else if (last) list[index] = value;
      at = list[index < 0 ? list.length - 1 : index] ?? null;
    }
  }
}

/** Removes a leaf, and the parents that it leaves empty. */
function remove(root: JsonObject, path: Step[]): void {
  const step = path.at(-1);
  const parent = read(root, path.slice(0, -1));
  if (step === undefined || parent === undefined) return;
  if (typeof step === 'string' && isObject(parent)) delete parent[step];
  else if (typeof step !== 'string' && Array.isArray(parent)) {
    const index = indexOf(parent, step);
    if (index >= 0) parent.splice(index, 1);
  }
  const above = path.slice(0, -1);
  const empty = isObject(parent) ? Object.keys(parent).length === 0 : Array.isArray(parent) && parent.length === 0;
  if (empty && above.length > 1) remove(root, above);
}

function isKey(path: Step[]): boolean {
  const above = path.at(-2);
  return typeof above === 'object' && 'key' in above && above.key === path.at(-1);
}

export interface Conflict {
  manager: string;
  path: string;
}

/** Copies what an apply of this part may change. */
function copyOf(object: JsonObject, part: 'main' | 'status'): JsonObject {
  const { status, ...rest } = object;
  const kept = status === undefined ? {} : { status: part === 'status' ? copy(status) : status };
  return { ...(part === 'status' ? rest : copy(rest)), ...kept };
}

/** Applies onto a copy of the part of `current`, sharing the rest; `ownership` changes only when there is no conflict. */
export function applyOwned(
  current: JsonObject,
  applied: JsonObject,
  part: 'main' | 'status',
  manager: string,
  ownership: Ownership,
  force: boolean,
): { result: JsonObject } | { conflicts: Conflict[] } {
  const leaves = leavesOf(applied, part);
  const paths = new Set(leaves.map(({ path }) => pathText(path)));
  const conflicts: Conflict[] = [];
  for (const { path, value } of leaves) {
    const text = pathText(path);
    if (isDeepStrictEqual(read(current, path), value)) continue;
    for (const [other, owned] of ownership)
      if (other !== manager && owned.has(text)) conflicts.push({ manager: other, path: text });
  }
  if (conflicts.length > 0 && !force) return { conflicts };
  for (const { manager: other, path } of conflicts) ownership.get(other)?.delete(path);

  const result = copyOf(current, part);
  const dropped = [...(ownership.get(manager) ?? [])]
    .filter((text) => !paths.has(text) && ![...ownership].some(([other, owned]) => other !== manager && owned.has(text)))
    .map((text) => JSON.parse(text) as Step[]);
  // The key of a list's element goes last and takes the element with it: without it the other fields could not be found.
  for (const path of dropped.toSorted((a, b) => Number(isKey(a)) - Number(isKey(b))))
    remove(result, isKey(path) ? path.slice(0, -1) : path);
  for (const { path, value } of leaves) write(result, path, copy(value));
  ownership.set(manager, paths);
  return { result };
}

/** A create or patch takes what it changed away from everyone else, as an update does. */
export function takeOwnership(before: JsonObject, after: JsonObject, manager: string, ownership: Ownership): void {
  const own = ownership.get(manager) ?? new Set();
  for (const part of ['main', 'status'] as const) {
    for (const { path, value } of leavesOf(after, part)) {
      if (isDeepStrictEqual(read(before, path), value)) continue;
      for (const owned of ownership.values()) owned.delete(pathText(path));
      own.add(pathText(path));
    }
  }
  ownership.set(manager, own);
}
