/**
 * Lowers a zod schema to the structural schema of a CRD. Throws on whatever Kubernetes cannot take or this project does not want:
 * unions, floats, anything without a bound, and a field without a description.
 */
import { z } from 'zod';
import type { Rule } from './fields.ts';

/** The subset of OpenAPI that structural schemas are made of. */
export interface Structural {
  type: 'object' | 'array' | 'string' | 'integer' | 'boolean';
  description?: string;
  properties?: Record<string, Structural>;
  required?: string[];
  additionalProperties?: Structural;
  items?: Structural;
  enum?: string[];
  default?: unknown;
  format?: string;
  pattern?: string;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  maxProperties?: number;
  'x-kubernetes-list-type'?: 'map' | 'set' | 'atomic';
  'x-kubernetes-list-map-keys'?: string[];
  'x-kubernetes-preserve-unknown-fields'?: true;
  'x-kubernetes-validations'?: Rule[];
}

type Json = Record<string, unknown>;

/** `where` names the schema in errors, such as `ExpertTraining.spec`. */
export function lower(schema: z.ZodType, where: string): Structural {
  // `input` leaves out of `required` what has a default: the API server fills it in.
  return lowerNode(z.toJSONSchema(schema, { target: 'openapi-3.0', io: 'input' }) as Json, where);
}

const copied = [
  'description',
  'default',
  'enum',
  'format',
  'minimum',
  'maximum',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'maxProperties',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-preserve-unknown-fields',
] as const;

const known = new Set<string>([
  ...copied,
  'type',
  'properties',
  'required',
  'additionalProperties',
  'items',
  'pattern',
  'saysPattern',
  'x-kubernetes-validations',
]);

const types = ['object', 'array', 'string', 'integer', 'boolean'] as const;

function lowerNode(node: Json, where: string): Structural {
  for (const key of Object.keys(node)) {
    if (!known.has(key))
      throw new Error(`cannot lower ${where}: "${key}" is not structural; use optional members and a CEL rule`);
  }
  const type = types.find((name) => name === node.type);
  if (type === undefined) {
    throw new Error(
      `cannot lower ${where}: type ${JSON.stringify(node.type)} is not one of ${types.join(', ')}; write numbers that are not whole as text`,
    );
  }
  const lowered: Structural = { type };
  for (const key of copied) if (node[key] !== undefined) Object.assign(lowered, { [key]: node[key] });
  lowerPattern(node, lowered);
  if (type === 'object') lowerObject(node, lowered, where);
  if (type === 'array') lowerList(node, lowered, where);
  if (type === 'string' && lowered.maxLength === undefined && lowered.enum === undefined) {
    throw new Error(`cannot lower ${where}: a string needs a largest length; add .max(n)`);
  }
  return lowered;
}

/** A pattern with words becomes a CEL rule, because the API server can only quote a pattern, not explain it. */
function lowerPattern(node: Json, lowered: Structural): void {
  const validations = [...((node['x-kubernetes-validations'] as Rule[] | undefined) ?? [])];
  if (typeof node.pattern === 'string') {
    if (typeof node.saysPattern === 'string') {
      validations.unshift({ rule: `self.matches(${celString(node.pattern)})`, message: node.saysPattern });
    } else lowered.pattern = node.pattern;
  }
  if (validations.length > 0) lowered['x-kubernetes-validations'] = validations;
}

function lowerObject(node: Json, lowered: Structural, where: string): void {
  const extra = node.additionalProperties;
  if (lowered['x-kubernetes-preserve-unknown-fields']) {
    if (node.properties !== undefined) throw new Error(`cannot lower ${where}: a free-form object has no fields of its own`);
    return;
  }
  if (node.properties !== undefined) {
    if (extra !== undefined && extra !== false)
      throw new Error(`cannot lower ${where}: fields and further keys exclude each other`);
    const properties = Object.entries(node.properties as Record<string, Json>);
    lowered.properties = Object.fromEntries(properties.map(([name, child]) => [name, lowerField(child, `${where}.${name}`)]));
    const required = (node.required as string[] | undefined) ?? [];
    if (required.length > 0) lowered.required = required;
    if (lowered.default !== undefined) lowered.default = filled(lowered.properties, lowered.default as Json);
    return;
  }
  if (typeof extra !== 'object' || extra === null || Object.keys(extra).length === 0) {
    throw new Error(`cannot lower ${where}: a map needs a typed value; for free-form objects use freeForm()`);
  }
  if (lowered.maxProperties === undefined)
    throw new Error(`cannot lower ${where}: a map needs a largest size; use map(value, n)`);
  lowered.additionalProperties = lowerNode(extra as Json, `${where}.*`);
}

/** The API server checks a default against the rules before it fills in the defaults inside it: so they are written out. */
function filled(properties: Record<string, Structural>, value: Json): Json {
  const defaults = Object.entries(properties).flatMap(([name, field]) =>
    field.default === undefined ? [] : [[name, field.default]],
  );
  return { ...Object.fromEntries(defaults), ...value };
}

function lowerField(node: Json, where: string): Structural {
  if (typeof node.description !== 'string' || node.description === '') {
    throw new Error(`cannot lower ${where}: it needs .describe() with what it is, its unit, default and when it may change`);
  }
  return lowerNode(node, where);
}

function lowerList(node: Json, lowered: Structural, where: string): void {
  if (lowered.maxItems === undefined) throw new Error(`cannot lower ${where}: a list needs a largest length; use list(item, n)`);
  lowered.items = lowerNode(node.items as Json, `${where}[]`);
}

/** A CEL string literal. */
export function celString(value: string): string {
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

const celKeywords = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
);

/** A field as CEL rules of a CRD spell it: words of the language are wrapped in underscores. */
export function celField(name: string): string {
  return celKeywords.has(name) ? `__${name}__` : name;
}
