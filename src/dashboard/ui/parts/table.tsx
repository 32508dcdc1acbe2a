/** A short table that is drawn whole. */
import { Cells, type Column, Heads } from './columns.tsx';

export interface TableProps<Row> {
  /** What the table is, for those who hear it. */
  caption: string;
  rows: readonly Row[];
  keyOf: (row: Row) => string | number;
  columns: readonly Column<Row>[];
}

export function Table<Row>({ caption, rows, keyOf, columns }: TableProps<Row>) {
  return (
    <div class="sheet scroll" tabIndex={0} role="group" aria-label={caption}>
      <table class="plain">
        <caption class="hidden">{caption}</caption>
        <Heads columns={columns} />
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)}>
              <Cells columns={columns} row={row} />
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
