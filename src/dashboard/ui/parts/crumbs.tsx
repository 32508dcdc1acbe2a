/** The way back up. */
export function Crumbs({ steps }: { steps: readonly (readonly [title: string, path: string])[] }) {
  return (
    <nav class="crumbs" aria-label="Where you are">
      {steps.map(([title, path]) => (
        <span key={path}>
          <a href={path}>{title}</a> /
        </span>
      ))}
    </nav>
  );
}
