/** What stands where there is nothing to show: because it is loading, because there is none, or because it could not be had. */
import type { ComponentChildren } from 'preact';
import { Icon } from './shapes.tsx';

/** `page`: it stands for the whole view. */
export function Empty({ title, page = false, children }: { title: string; page?: boolean; children?: ComponentChildren }) {
  return (
    <div class="notice">
      {page ? <h1>{title}</h1> : <h2>{title}</h2>}
      {children}
    </div>
  );
}

export function Loading({ what }: { what: string }) {
  return (
    <div class="notice notice-loading" role="status">
      <span class="shimmer" />
      <p>Loading {what} ...</p>
    </div>
  );
}

/** What could not be done, why, and what to do next. */
export function Failed({ what, why, again }: { what: string; why: string; again?: () => void }) {
  return (
    <div class="notice notice-bad" role="alert">
      <h2>
        <Icon shape="cross" /> Cannot {what}
      </h2>
      <p>{why}</p>
      {again && (
        <button type="button" class="button" onClick={again}>
          Try again
        </button>
      )}
    </div>
  );
}
