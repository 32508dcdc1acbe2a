/** The columns that a kind declares for kubectl get, read from an object here. */
import { displayDuration } from '../api/duration.ts';
import type { Column, KindInfo } from '../api/kind.ts';
import type { KubeObject } from '../kube/types.ts';

/** Head and rows of the table; with `-o wide` more columns, over all namespaces one more. */
export function tableOf(
  kind: Pick<KindInfo, 'columns'>,
  objects: readonly KubeObject[],
  how: { wide: boolean; everywhere: boolean; now: number },
): { head: string[]; rows: string[][] } {
  const columns = kind.columns.filter(({ wide }) => how.wide || !wide);
  const place = (object: KubeObject) => (how.everywhere ? [object.metadata.namespace ?? ''] : []);
  return {
    head: [...(how.everywhere ? ['NAMESPACE'] : []), 'NAME', ...columns.map(({ name }) => name.toUpperCase())],
    rows: objects.map((object) => [
      ...place(object),
      object.metadata.name,
      ...columns.map((column) => cell(column, valueAt(object, column.path), how.now)),
    ]),
  };
}

function cell({ type }: Column, value: unknown, now: number): string {
  const text = typeof value === 'string' ? value : value === undefined || value === null ? '' : JSON.stringify(value);
  return type !== 'date' ? text : text === '' ? '-' : displayDuration(now - Date.parse(text));
}

/** The value of a path such as `.status.state` or `.status.conditions[?(@.type=="Ready")].status`; undefined where there is none. */
export function valueAt(object: unknown, path: string): unknown {
  let value = object;
  for (const [, field = '', key, wanted] of path.matchAll(/\.([A-Za-z]+)(?:\[\?\(@\.([A-Za-z]+)=="([^"]*)"\)\])?/g)) {
    value = (value as Record<string, unknown> | null | undefined)?.[field];
    if (key !== undefined && Array.isArray(value))
      value = (value as Record<string, unknown>[]).find((entry) => entry[key] === wanted);
  }
  return value;
}
