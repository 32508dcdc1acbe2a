/** Server-Sent Events as text, and the ids by which a page that comes back says what it has. Pure. */
import { createHash } from 'node:crypto';
import type { StreamEvents } from '../view/stream.ts';
import { type Readable, type Scope, textOf } from './scope.ts';
import { type TableName, type Tables, type Touched, tableNames } from './tables.ts';

export function eventText(event: keyof StreamEvents, data: string, id?: string): string {
  return `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${data}\n\n`;
}

/** Names a state of the tables of one server, as far as this user and this scope see them. */
export function idOf(epoch: string, sequence: number, user: string, readable: Readable, scope: Scope): string {
  const view = createHash('sha256')
    .update(JSON.stringify([user, textOf(readable, scope)]))
    .digest('base64url')
    .slice(0, 16);
  return `${epoch}.${sequence}.${view}`;
}

/** The number in an id that this server gave out for the same user, rights and scope; undefined for any other. */
export function sequenceOf(id: string | undefined, now: string): number | undefined {
  const [epoch, sequence = '', view] = id?.split('.') ?? [];
  const [nowEpoch, , nowView] = now.split('.');
  return epoch === nowEpoch && view === nowView && /^[0-9]{1,15}$/.test(sequence) ? Number(sequence) : undefined;
}

/** JSON of a snapshot; rows are stored as JSON already. */
export function snapshotJson(at: string, rows: (table: TableName) => Iterable<string>, view: string | undefined): string {
  const parts = tableNames.map((table) => `"${table}":[${[...rows(table)].join(',')}]`);
  return `{"at":${JSON.stringify(at)},${parts.join(',')}${view === undefined ? '' : `,"view":${view}`}}`;
}

/** JSON of the newest values of what was touched, and of the view when it changed; undefined when there is nothing to say. */
export function changesJson(
  at: string,
  touched: readonly Touched[],
  tables: Pick<Tables, 'get'>,
  view: { json: string | undefined } | undefined,
): string | undefined {
  const rows = new Map<TableName, string[]>();
  const gone = new Map<TableName, string[]>();
  for (const { table, id } of touched) {
    const row = tables.get(table, id);
    const list = row ? rows : gone;
    list.set(table, [...(list.get(table) ?? []), row ? row.json : JSON.stringify(id)]);
  }
  if (rows.size === 0 && gone.size === 0 && view === undefined) return undefined;
  const listed = (lists: Map<TableName, string[]>) => [...lists].map(([table, list]) => `"${table}":[${list.join(',')}]`);
  const left = [...listed(gone), ...(view && view.json === undefined ? ['"view":true'] : [])];
  const parts = [
    `"at":${JSON.stringify(at)}`,
    ...listed(rows),
    ...(view?.json === undefined ? [] : [`"view":${view.json}`]),
    ...(left.length > 0 ? [`"gone":{${left.join(',')}}`] : []),
  ];
  return `{${parts.join(',')}}`;
}
