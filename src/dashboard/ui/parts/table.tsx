/** A short table that is drawn whole. */
import type { Column } from './list.tsx';

export interface TableProps<Row> {
  /** What the table is, for those who hear it. */
  caption: string;
  rows: readonly Row[];
  keyOf: (row: Row) => string | number;
  /** The class of a column is that of its cells and its head. */
  columns: readonly Column<Row>[];
}

export function Table<Row>({ caption, rows, keyOf, columns }: TableProps<Row>) {
  return (
    <div class="sheet scroll" tabIndex={0} role="group" aria-label={caption}>
      <table class="plain">
        <caption class="hidden">{caption}</caption>
        <thead>
          <tr>
            {columns.map(({ title, class: kind }) => (
              <th key={title} scope="col" class={kind}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)}>
              {columns.map(({ title, class: kind, cell }) => (
                <td key={title} class={kind}>
                  {cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
