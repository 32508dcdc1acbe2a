/** What one stream is about, and which rows its user may have: decided once for all rows of a namespace. */
import { type Access, rights } from './call.ts';
import type { AskedRight } from './caller.ts';
import type { TableName, Touched } from './tables.ts';

export interface Scope {
  /** `namespace/name` of the run whose works and view are wanted. */
  run?: string | undefined;
  /** Works of every run. */
  allWorks: boolean;
}

/** Also those that are not there yet, for who may read everywhere. */
export type Namespaces = ReadonlySet<string> | 'all';

/** What a user may read, as it was when it was asked. */
export interface Readable {
  runs: Namespaces;
  datasets: Namespaces;
  islands: boolean;
  /** The one run of the scope, where its namespace as a whole may not be listed. */
  theRun: boolean;
}

export async function readableOf(access: Access, scope: Scope, namespaces: ReadonlySet<string>): Promise<Readable> {
  const where = async (right: AskedRight): Promise<Namespaces> =>
    (await access.may(right)) ? 'all' : await access.among(right, namespaces);
  const [runs, datasets, islands] = await Promise.all([
    where(rights.listRuns),
    where(rights.listDatasets),
    access.may(rights.listIslands),
  ]);
  const namespace = scope.run?.split('/')[0];
  const right = { verb: 'get', group: 'atoll.dev', resource: 'experttrainings' } as const;
  const theRun = namespace !== undefined && (await access.may({ ...right, namespace }));
  return { runs, datasets, islands, theRun };
}

/** A short text that differs whenever the stream would hold other rows. */
export function textOf({ runs, datasets, islands, theRun }: Readable, { run, allWorks }: Scope): string {
  const sorted = (set: Namespaces) => (set === 'all' ? set : [...set].toSorted((a, b) => (a < b ? -1 : 1)));
  return JSON.stringify([sorted(runs), sorted(datasets), islands, theRun, run, allWorks]);
}

export function includes({ table, namespace, run }: Touched, readable: Readable, scope: Scope): boolean {
  const inScope: Record<TableName, () => boolean> = {
    runs: () => has(readable.runs, namespace),
    datasets: () => has(readable.datasets, namespace),
    islands: () => readable.islands,
    works: () =>
      run !== undefined && ((scope.run === run && readable.theRun) || (scope.allWorks && has(readable.runs, namespace))),
  };
  return inScope[table]();
}

const has = (namespaces: Namespaces, namespace: string) => namespaces === 'all' || namespaces.has(namespace);
