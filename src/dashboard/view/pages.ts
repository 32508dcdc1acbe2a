/** The first word of every address of the page. The server answers each, and all below it, with the page itself; the page shows the view. */
export const pagePlaces = ['runs', 'history', 'experts', 'islands', 'datasets', 'signin'] as const;

export type PagePlace = (typeof pagePlaces)[number];

/** Deepest address of a view: `runs/NAMESPACE/NAME/experts/INDEX`. */
export const deepestPage = 5;

/** How many folders below the root a view is, such as 0 for `/runs` and 2 for `/runs/a/b`; undefined when the path is none of a view. */
export function depthOfPage(path: string): number | undefined {
  const parts = path.slice(1).split('/');
  return pagePlaces.some((place) => place === parts[0]) && parts.length <= deepestPage ? parts.length - 1 : undefined;
}
