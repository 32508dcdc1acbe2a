/** The fields of a JSON schema, one after the other, as rows for people. */

/** What is looked at of a schema; CRDs and zod's JSON schemas have it in common. */
export interface Schema {
  type?: string | readonly string[] | undefined;
  description?: string | undefined;
  default?: unknown;
  const?: unknown;
  enum?: readonly unknown[] | undefined;
  format?: string | undefined;
  minimum?: number | undefined;
  maximum?: number | undefined;
  maxLength?: number | undefined;
  maxItems?: number | undefined;
  maxProperties?: number | undefined;
  required?: readonly string[] | undefined;
  properties?: Readonly<Record<string, Schema>> | undefined;
  items?: Schema | undefined;
  additionalProperties?: Schema | boolean | undefined;
  anyOf?: readonly Schema[] | undefined;
  'x-kubernetes-preserve-unknown-fields'?: true | undefined;
}

export interface Field {
  /** Such as `expert.retry.maxRestarts`, with `[]` for items and `*` for the values of a map. */
  readonly path: string;
  readonly type: string;
  readonly required: boolean;
  /** As JSON; empty without one. */
  readonly standard: string;
  readonly description: string;
}

export function fieldsOf(schema: Schema, prefix = ''): Field[] {
  const own = Object.entries(schema.properties ?? {}).flatMap(([name, child]) => {
    const path = prefix === '' ? name : `${prefix}.${name}`;
    const field: Field = {
      path,
      type: typeOf(child),
      required: schema.required?.includes(name) === true,
      standard: standardOf(child),
      description: child.description ?? '',
    };
    return [field, ...fieldsOf(child, path)];
  });
  const { items, additionalProperties: values } = schema;
  const below = [
    ...(items ? fieldsOf(items, `${prefix}[]`) : []),
    ...(typeof values === 'object' ? fieldsOf(values, `${prefix}.*`) : []),
  ];
  return [...own, ...below];
}

/** A default that is an object says what its fields say already. */
function standardOf({ default: value }: Schema): string {
  return value === undefined || (typeof value === 'object' && value !== null && !Array.isArray(value))
    ? ''
    : JSON.stringify(value);
}

function typeOf(schema: Schema): string {
  const { type, items, additionalProperties: values, anyOf } = schema;
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map(String).join(', ');
  if (anyOf) return [...new Set(anyOf.map(typeOf))].join(' or ');
  if (type === 'array')
    return `list${bound(' of at most ', schema.maxItems)}${items && items.type !== 'object' ? ` of ${typeOf(items)}` : ''}`;
  if (schema['x-kubernetes-preserve-unknown-fields']) return 'free form';
  if (type === 'object' && typeof values === 'object')
    return `map${bound(' of at most ', schema.maxProperties)}${values.type === 'object' ? '' : ` to ${typeOf(values)}`}`;
  if (type === 'string') return schema.format === 'date-time' ? 'time' : `text${bound(' ≤ ', schema.maxLength)}`;
  if (type === 'integer') return `number${rangeOf(schema)}`;
  return type === undefined ? 'any' : [type].flat().join(' or ');
}

const bound = (words: string, value: number | undefined) => (value === undefined ? '' : `${words}${value}`);

/** Bounds that say something: not those of the number format. */
function rangeOf({ minimum, maximum }: Schema): string {
  const most = maximum !== undefined && maximum < 2_147_483_647 ? maximum : undefined;
  if (minimum === undefined || minimum < -2_147_483_648) return bound(' ≤ ', most);
  return most === undefined ? ` ≥ ${minimum}` : ` ${minimum} to ${most}`;
}
