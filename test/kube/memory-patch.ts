/** JSON patch, JSON merge patch, and label and field selectors for the API server in memory. */
import { isDeepStrictEqual } from 'node:util';
import type { JsonPatchOperation } from '../../src/kube/types.ts';
import { copy, isObject, type Json, type JsonObject } from './memory-apply.ts';

/** RFC 7386. */
export function mergePatch(target: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return copy(patch);
  const result: JsonObject = isObject(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else result[name] = mergePatch(result[name], value);
  }
  return result;
}

/** RFC 6902 without move and copy; throws with the operation that does not hold. */
export function jsonPatch(target: JsonObject, operations: JsonPatchOperation[]): JsonObject {
  const result = copy(target);
  for (const { op, path, value } of operations) {
    const steps = path
      .split('/')
      .slice(1)
      .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
    const last = steps.pop() ?? '';
    let parent: Json | undefined = result;
    for (const step of steps) parent = Array.isArray(parent) ? parent[Number(step)] : isObject(parent) ? parent[step] : undefined;
    const wanted = copy(value ?? null) as Json;
    if (Array.isArray(parent)) {
      const index = last === '-' ? parent.length : Number(last);
      if (op === 'add') parent.splice(index, 0, wanted);
      else if (index >= parent.length) throw new Error(`${op} of ${path}: there is no such element`);
      else if (op === 'test') assertSame(parent[index] ?? null, wanted, path);
      else if (op === 'remove') parent.splice(index, 1);
      else parent[index] = wanted;
    } else if (isObject(parent)) {
      if (op === 'test') assertSame(parent[last] ?? null, wanted, path);
      else if (op === 'add') parent[last] = wanted;
      else if (!(last in parent)) throw new Error(`${op} of ${path}: there is no such field`);
      else if (op === 'remove') delete parent[last];
      else parent[last] = wanted;
    } else throw new Error(`${op} of ${path}: there is no such path`);
  }
  return result;
}

function assertSame(found: Json, wanted: Json, path: string): void {
  if (!isDeepStrictEqual(found, wanted)) throw new Error(`testing value ${path} failed`);
}

/** Equality and set-based label selectors: `a=b,c!=d,e in (f,g),h notin (i),j,!k`. */
export function matchesLabels(labels: Record<string, string> = {}, selector = ''): boolean {
  return selector
    .split(/,(?![^(]*\))/)
    .map((term) => term.trim())
    .filter((term) => term !== '')
    .every((term) => {
      const sets = /^(\S+)\s+(in|notin)\s+\(([^)]*)\)$/.exec(term);
      if (sets) {
        const values = (sets[3] ?? '').split(',').map((value) => value.trim());
        return values.includes(labels[sets[1] ?? ''] ?? '\0') === (sets[2] === 'in');
      }
      const equals = /^([^=!]+?)\s*(==?|!=)\s*(.*)$/.exec(term);
      if (equals) return (labels[equals[1] ?? ''] === equals[3]) === (equals[2] !== '!=');
      return term.startsWith('!') ? !(term.slice(1) in labels) : term in labels;
    });
}

/** `path.to.field=value` and `!=`, joined by commas. */
export function matchesFields(object: JsonObject, selector = ''): boolean {
  return selector
    .split(',')
    .filter((term) => term !== '')
    .every((term) => {
      const [, path = '', operator, value] = /^(.+?)(!=|==?)(.*)$/.exec(term) ?? [];
      let at: Json | undefined = object;
      for (const step of path.split('.')) at = isObject(at) ? at[step] : undefined;
      const text = typeof at === 'object' || at === undefined ? '' : String(at);
      return (text === value) === (operator !== '!=');
    });
}
