/** Works by the names that people use for them. */
import type { WorkName } from '../../view/common.ts';
import type { Route } from '../route.ts';

/** `expert-003` is expert 3; the others are called what they are. */
export function titleOf(work: WorkName): string {
  const index = /^expert-0*(\d+)$/.exec(work)?.[1];
  return index === undefined ? work : `expert ${index}`;
}

export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** The view of a work: its own for an expert, else the run. */
export function routeOf({ namespace, run, work }: { namespace: string; run: string; work: WorkName }): Route {
  const index = /^expert-0*(\d+)$/.exec(work)?.[1];
  return index === undefined
    ? { view: 'run', namespace, name: run }
    : { view: 'expert', namespace, name: run, index: Number(index) };
}

/** `namespace/name` as its two parts. */
export function partsOfId(id: string): { namespace: string; name: string } {
  const slash = id.indexOf('/');
  return { namespace: id.slice(0, slash), name: id.slice(slash + 1) };
}
