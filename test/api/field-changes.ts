/** One merge patch for each way to change a field of an object: another value, or none. */
import type { Structural } from '../../src/api/structural.ts';
import type { Json } from './builders.ts';

export interface FieldChange {
  /** Path of the field below the object, such as `expert.resources.cpu`. */
  path: string;
  patch: Json;
}

/** Every field of `value` that the schema knows, down to scalars, lists and maps. */
export function fieldChanges(schema: Structural, value: Json, path: string[] = []): FieldChange[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const at = [...path, name];
    const now = value[name];
    if (now === undefined) return [];
    const change = (to: unknown) => ({ path: at.join('.'), patch: nested(at, to) });
    const removed = schema.required?.includes(name) || field.default !== undefined ? [] : [change(null)];
    if (field.properties !== undefined) return [...removed, ...fieldChanges(field, now as Json, at)];
    // Nothing else can be written into an enum of one.
    return field.enum?.length === 1 ? removed : [...removed, change(other(field, now))];
  });
}

const nested = (path: string[], to: unknown): Json => path.reduceRight((inner, name) => ({ [name]: inner }), to as Json);

/** A value of the same type that differs. */
function other(field: Structural, value: unknown): unknown {
  if (field.type === 'boolean') return value !== true;
  if (field.type === 'integer') return Number(value) + 1;
  if (field.type === 'object') return { another: field['x-kubernetes-preserve-unknown-fields'] ? 1 : 'x' };
  if (field.type === 'array') return [];
  if (field.format === 'date-time') return '2027-01-01T00:00:00Z';
  return field.enum?.find((one) => one !== value) ?? different(String(value));
}

/** Digits are raised and letters appended where a pattern wants them, so that only the change itself is wrong. */
function different(text: string): string {
  if (/[0-9]/.test(text)) return text.replace(/[0-9]/, (digit) => String((Number(digit) % 8) + 1));
  return text.endsWith('/') ? `x${text}` : `${text}x`;
}
