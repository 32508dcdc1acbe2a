/** The small vocabulary every schema is written in: bounded strings, numbers, lists and maps that lower to structural CRDs. */
import { z } from 'zod';
import { durationPattern } from './duration.ts';

/** One CEL rule as Kubernetes takes it in `x-kubernetes-validations`. */
export interface Rule {
  rule: string;
  message?: string;
  messageExpression?: string;
  fieldPath?: string;
  reason?: 'FieldValueInvalid' | 'FieldValueForbidden' | 'FieldValueRequired';
  optionalOldSelf?: boolean;
}

/** Metadata of a schema that says which CEL rules its values must meet. */
export const rules = (...list: Rule[]) => ({ 'x-kubernetes-validations': list });

/** A string of at most `max` characters. */
export const text = (max: number) => z.string().max(max);

/** The text, cut to what a field of at most `max` characters can hold. */
export const cut = (long: string, max: number): string => (long.length <= max ? long : `${long.slice(0, max - 1)}…`);

/**
 * A string that matches, and whose refusal is said in words: the API server would otherwise print only the expression.
 * Lowering replaces the pattern by a CEL rule with this message.
 */
export const matching = (pattern: RegExp, max: number, message: string, min = 1) =>
  z.string().min(min).max(max).regex(pattern, message).meta({ saysPattern: message });

/** A whole number; the bounds are part of the API. */
export const int = (min: number, max: number) => z.int().min(min).max(max);
export const int32 = 2_147_483_647;
export const int53 = Number.MAX_SAFE_INTEGER;

export const list = <T extends z.ZodType>(item: T, max: number) => z.array(item).max(max);

/** A list that server-side apply merges by these keys. */
export const keyed = <T extends z.ZodType>(item: T, max: number, keys: string[]) =>
  z.array(item).max(max).meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': keys });

/** A map from names to bounded values, at most `max` of them. */
export const map = <T extends z.ZodType>(value: T, max: number) =>
  z
    .record(z.string().max(316), value)
    .refine((entries) => Object.keys(entries).length <= max, `at most ${max} entries are allowed`)
    .meta({ maxProperties: max });

/** Any JSON object, kept as it is. CEL on the CRD cannot see into it; the admission policy can. */
export const freeForm = () =>
  z.record(z.string(), z.unknown()).meta({ 'x-kubernetes-preserve-unknown-fields': true, maxProperties: 256 });

const dnsLabel = '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$';

/** Name of a Kubernetes object that also fits in a label value. */
export const objectName = () =>
  matching(new RegExp(dnsLabel), 63, 'must be a name of lower-case letters, digits and "-", such as research-1');

export const duration = () =>
  matching(
    durationPattern,
    32,
    'must be a duration of hours, minutes, seconds in this order, such as 90s, 10m, 1h30m or 500ms',
    2,
  );

export const cpuQuantity = () =>
  matching(/^([1-9][0-9]{0,6}m|[0-9]{1,4}(\.[0-9]{1,3})?)$/, 12, 'must be a number of CPUs such as "2", "0.5" or "500m"');

export const byteQuantity = () =>
  matching(/^[1-9][0-9]{0,15}(\.[0-9]{1,3})?(Ki|Mi|Gi|Ti|k|M|G|T)?$/, 24, 'must be a number of bytes such as 512Mi, 8Gi or 1T');

/** RFC 3339 in UTC. */
export const time = () => z.string().max(40).meta({ format: 'date-time' });

/** A number that is not whole, as text: floats do not survive in Kubernetes objects. */
export const decimal = () => z.string().max(32);

export const digest = () => matching(/^sha256:[0-9a-f]{64}$/, 71, 'must be "sha256:" and 64 lower-case hexadecimal digits');

/** Key of an object in a store. */
export const objectKey = () => z.string().min(1).max(1024);

/** Start of object keys: empty, or ends with "/"; never leaves its place. */
export const keyPrefix = () =>
  matching(
    /^([A-Za-z0-9_.=@-]+\/)*$/,
    512,
    'must be empty or end with "/", of parts with letters, digits, "_", ".", "=", "@" and "-", such as atoll/',
    0,
  );
