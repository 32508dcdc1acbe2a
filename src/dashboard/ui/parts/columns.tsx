/** What every table has: its columns, their heads and the cells of a row. */
import type { ComponentChildren } from 'preact';

export interface Column<Row> {
  title: string;
  /** Which columns narrow screens leave out, and how its head and its cells are set. */
  class?: string;
  cell: (row: Row) => ComponentChildren;
}

export function Heads<Row>({ columns }: { columns: readonly Column<Row>[] }) {
  return (
    <thead>
      <tr>
        {columns.map(({ title, class: kind }) => (
          <th key={title} scope="col" class={kind}>
            {title}
          </th>
        ))}
      </tr>
    </thead>
  );
}

export function Cells<Row>({ columns, row }: { columns: readonly Column<Row>[]; row: Row }) {
  return (
    <>
      {columns.map(({ title, class: kind, cell }) => (
        <td key={title} class={kind}>
          {cell(row)}
        </td>
      ))}
    </>
  );
}
