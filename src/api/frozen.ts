/** Fields that never change after creation: CEL rules that refuse it with the field and both values, generated field by field. */
import type { Rule } from './fields.ts';
import { celField, type Structural } from './structural.ts';

/** What of a spec stays changeable, and what to do about the rest. */
export interface Freeze {
  /** Paths below `spec` that may change, such as `expert.retry`, and when; everything else is frozen. */
  readonly live: Readonly<Record<string, string>>;
  /** What to do instead, such as "make a new ExpertTraining". */
  readonly instead: string;
}

/** A frozen field that holds free-form values: CEL on a CRD cannot see into those, the admission policy guards them. */
export interface Hidden {
  /** Below `spec`, such as `expert.params`. */
  readonly path: string;
  /** Whether it is a list, with free-form fields in its items, or a free-form map itself. */
  readonly list: boolean;
}

/**
 * Adds the rules to `schema` in place, and to every description whether the field may change. Returns the
 * fields that the admission policy must guard too.
 */
export function freeze(schema: Structural, { live, instead }: Freeze, path = ''): Hidden[] {
  const hidden: Hidden[] = [];
  const added: Rule[] = [];
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    const at = path === '' ? name : `${path}.${name}`;
    const when = live[at];
    if (when !== undefined) {
      say(field, `May change ${when}.`);
      continue;
    }
    if (!Object.keys(live).some((other) => other.startsWith(`${at}.`))) field.description = `${field.description} Immutable.`;
    if (field['x-kubernetes-preserve-unknown-fields']) hidden.push({ path: at, list: false });
    else if (field.properties !== undefined) {
      if (!alwaysSet(schema, name)) added.push(presenceRule(name, instead));
      hidden.push(...freeze(field, { live, instead }, at));
    } else {
      added.push(valueRule(schema, name, field, instead));
      if (field.items && holdsFreeForm(field.items)) hidden.push({ path: at, list: true });
    }
  }
  if (added.length > 0) schema['x-kubernetes-validations'] = [...(schema['x-kubernetes-validations'] ?? []), ...added];
  return hidden;
}

function holdsFreeForm(schema: Structural): boolean {
  if (schema['x-kubernetes-preserve-unknown-fields']) return true;
  const below = [...Object.values(schema.properties ?? {}), ...(schema.items ? [schema.items] : [])];
  return below.some(holdsFreeForm);
}

/** Ends the description of a field, and of all below it, with these words. */
function say(field: Structural, words: string): void {
  field.description = `${field.description} ${words}`;
  for (const below of Object.values(field.properties ?? {})) say(below, words);
}

const alwaysSet = (schema: Structural, name: string) =>
  schema.required?.includes(name) === true || schema.properties?.[name]?.default !== undefined;

function presenceRule(name: string, instead: string): Rule {
  const field = celField(name);
  return {
    rule: `has(self.${field}) == has(oldSelf.${field})`,
    message: `${name} can be neither added nor removed after creation: ${instead}`,
    fieldPath: `.${name}`,
    reason: 'FieldValueForbidden',
  };
}

function valueRule(schema: Structural, name: string, field: Structural, instead: string): Rule {
  const key = celField(name);
  const same = `self.${key} == oldSelf.${key}`;
  const optional = !alwaysSet(schema, name);
  const scalar = field.type !== 'array' && field.type !== 'object';
  const show = (self: string) =>
    optional ? `(has(${self}.${key}) ? '%s'.format([${self}.${key}]) : 'unset')` : `${self}.${key}`;
  return {
    rule: optional ? `has(self.${key}) == has(oldSelf.${key}) && (!has(self.${key}) || ${same})` : same,
    message: `${name} cannot change after creation: ${instead}`,
    ...(scalar && {
      messageExpression: `'${name} cannot change after creation (from %s to %s): ${instead}'.format([${show('oldSelf')}, ${show('self')}])`,
    }),
    fieldPath: `.${name}`,
    reason: 'FieldValueForbidden',
  };
}
