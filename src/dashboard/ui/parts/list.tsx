/** A long table of which only the rows in sight are drawn; the page itself scrolls. */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { current, setRows } from '../keys.ts';
import { Cells, type Column, Heads } from './columns.tsx';
import { type Window, windowOf } from './rows.ts';

/** Pixels; the stylesheet's --row. */
const rowHeight = 44;

export interface ListProps<Row> {
  /** What the table is, for those who hear it. */
  caption: string;
  rows: readonly Row[];
  keyOf: (row: Row) => string;
  columns: readonly Column<Row>[];
  open: (row: Row) => void;
}

export function List<Row>({ caption, rows, keyOf, columns, open }: ListProps<Row>) {
  const body = useRef<HTMLTableSectionElement>(null);
  const [seen, setSeen] = useState<Window>({ from: 0, to: 40 });
  const look = () => {
    const top = body.current?.getBoundingClientRect().top ?? 0;
    const next = windowOf(rows.length, rowHeight, -top, window.innerHeight - Math.max(0, top));
    setSeen((before) => (before.from === next.from && before.to === next.to ? before : next));
  };
  useLayoutEffect(look, [rows.length]);
  useEffect(() => {
    window.addEventListener('scroll', look, { passive: true });
    window.addEventListener('resize', look);
    return () => {
      window.removeEventListener('scroll', look);
      window.removeEventListener('resize', look);
    };
  }, [rows.length]);
  useEffect(() => {
    setRows({
      count: rows.length,
      open: (index) => {
        const row = rows[index];
        if (row !== undefined) open(row);
      },
      show: (index) => {
        const top = (body.current?.getBoundingClientRect().top ?? 0) + window.scrollY + index * rowHeight;
        if (top < window.scrollY + 120) window.scrollTo({ top: top - 120 });
        else if (top + rowHeight > window.scrollY + window.innerHeight - 40)
          window.scrollTo({ top: top + rowHeight + 40 - window.innerHeight });
      },
    });
  });
  useEffect(
    () => () => {
      setRows(undefined);
      current.value = -1;
    },
    [],
  );
  const to = Math.min(seen.to, rows.length);
  const from = Math.min(seen.from, to);
  return (
    <div class="sheet table-box">
      <table class="list" aria-rowcount={rows.length + 1}>
        <caption class="hidden">{caption}</caption>
        <Heads columns={columns} />
        <tbody ref={body}>
          {from > 0 && <Gap rows={from} columns={columns.length} />}
          {rows.slice(from, to).map((row, offset) => (
            <tr
              key={keyOf(row)}
              aria-rowindex={from + offset + 2}
              class={from + offset === current.value ? 'is-current' : ''}
              aria-current={from + offset === current.value ? 'true' : undefined}
            >
              <Cells columns={columns} row={row} />
            </tr>
          ))}
          {to < rows.length && <Gap rows={rows.length - to} columns={columns.length} />}
        </tbody>
      </table>
    </div>
  );
}

/** Stands for rows that are not drawn. */
function Gap({ rows, columns }: { rows: number; columns: number }) {
  return (
    <tr aria-hidden="true" class="gap">
      <td colSpan={columns} style={{ height: `${rows * rowHeight}px` }} />
    </tr>
  );
}
