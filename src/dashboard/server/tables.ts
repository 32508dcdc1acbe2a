/** Rows by id with a number that grows with each change, and the last changes in order: what a page that was away has missed. */

export type TableName = 'runs' | 'works' | 'datasets' | 'islands';
export const tableNames: readonly TableName[] = ['runs', 'works', 'datasets', 'islands'];

/** A row as it is sent; `namespace` and `run` decide who gets it. */
export interface StoredRow {
  id: string;
  /** Empty for what belongs to the cluster. */
  namespace: string;
  /** `namespace/run`, for works. */
  run?: string;
  row: object;
  json: string;
}

export interface Touched {
  table: TableName;
  id: string;
  namespace: string;
  run?: string | undefined;
}

export interface Tables {
  /** Grows with every change; 0 before the first. */
  readonly sequence: number;
  rows(table: TableName): Iterable<StoredRow>;
  get(table: TableName, id: string): StoredRow | undefined;
  /** Stores the row when it differs from the one that is there. */
  put(table: TableName, row: Omit<StoredRow, 'json'>): void;
  remove(table: TableName, id: string): void;
  /** What was touched after this number, each row once; undefined when that is no longer known. */
  since(sequence: number): Touched[] | undefined;
}

/** Some minutes of a busy hub; each entry is a few words. */
const mostRemembered = 20_000;

export function createTables(most = mostRemembered): Tables {
  const tables = new Map<TableName, Map<string, StoredRow>>(tableNames.map((name) => [name, new Map()]));
  const table = (name: TableName) => tables.get(name) ?? new Map<string, StoredRow>();
  /** In order of `sequence`; a row that changes again moves to the end, so it is in here once. */
  const changes = new Map<string, Touched & { sequence: number }>();
  let sequence = 0;
  /** Changes up to this one may be missing from `changes`. */
  let forgotten = 0;

  function touch(name: TableName, { id, namespace, run }: StoredRow): void {
    sequence++;
    const key = `${name} ${id}`;
    changes.delete(key);
    changes.set(key, { table: name, id, namespace, run, sequence });
    if (changes.size <= most) return;
    const oldest = changes.entries().next().value;
    if (!oldest) return;
    changes.delete(oldest[0]);
    forgotten = oldest[1].sequence;
  }

  return {
    get sequence() {
      return sequence;
    },
    rows: (name) => table(name).values(),
    get: (name, id) => table(name).get(id),
    put(name, given) {
      const json = JSON.stringify(given.row);
      if (table(name).get(given.id)?.json === json) return;
      const row = { ...given, json };
      table(name).set(given.id, row);
      touch(name, row);
    },
    remove(name, id) {
      const row = table(name).get(id);
      if (!row) return;
      table(name).delete(id);
      touch(name, row);
    },
    since(after) {
      if (after > sequence || after < forgotten) return undefined;
      const found: Touched[] = [];
      for (const change of changes.values()) if (change.sequence > after) found.push(change);
      return found;
    },
  };
}
