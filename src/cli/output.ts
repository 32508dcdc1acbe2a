/** Lists of objects for programs: JSON, YAML and names, as kubectl prints them. */
import { stringify } from 'yaml';
import type { KindInfo } from '../api/kind.ts';
import { dropManagedFields } from '../kube/store.ts';
import type { KubeObject } from '../kube/types.ts';
import { type Call, CommandLineError, type Options } from './verb.ts';

export const formats = ['table', 'wide', 'json', 'yaml', 'name'] as const;
export type Format = (typeof formats)[number];

export const outputOptions = { output: { type: 'string', short: 'o' } } satisfies Options;

/** The format asked for; `allowed` are those that the verb can do, a table among them. */
export function formatOf(call: Call, allowed: readonly Format[] = formats): Format {
  const asked = call.text('output') ?? 'table';
  const format = allowed.find((one) => one === asked);
  if (format) return format;
  const names = allowed.filter((one) => one !== 'table');
  throw new CommandLineError(`--output "${asked}" is not one of ${names.join(', ')}`);
}

/** Objects as a program reads them; undefined for formats that people read. `single`: one was asked for by its name. */
export function forPrograms(
  format: Format,
  objects: readonly KubeObject[],
  kind: Pick<KindInfo, 'singular' | 'group'>,
  single: boolean,
): string | undefined {
  if (format === 'name') return objects.map(({ metadata }) => `${kind.singular}.${kind.group}/${metadata.name}\n`).join('');
  if (format !== 'json' && format !== 'yaml') return undefined;
  const items = objects.map(dropManagedFields);
  const [first] = items;
  return dataText(format, single && first ? first : { apiVersion: 'v1', kind: 'List', items });
}

export function dataText(format: 'json' | 'yaml', data: unknown): string {
  return format === 'json'
    ? `${JSON.stringify(data, null, 2)}\n`
    : stringify(data, { lineWidth: 0, aliasDuplicateObjects: false });
}
