/** The drawing of a course: uPlot with attempts, checkpoints and what was not finite as marks. */
import { useEffect, useRef } from 'preact/hooks';
import UPlot from 'uplot';
import { count, measured } from '../words/number.ts';
import { colour, colouring } from './colours.ts';
import { aligned, type Course, type Extent } from './course.ts';

export interface PlotProps {
  course: Course;
  /** Axes that hold more than this course, so that several drawings compare. */
  extent: Extent | undefined;
  height: number;
  /** Logarithmic loss axis. */
  log: boolean;
  /** Small drawings have no labels and no band. */
  small?: boolean;
  /** Told where the reader points: what is there in words, or undefined. */
  onRead?: (text: string | undefined) => void;
}

/** Left and right walk along the points when the drawing has the focus. */
export function Plot({ course, extent, height, log, small = false, onRead }: PlotProps) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<UPlot | undefined>(undefined);
  const latest = useRef({ course, extent, onRead });
  latest.current = { course, extent, onRead };
  const shape = `${course.lines.map(({ name, x }) => (x.length === 1 ? `${name} alone` : name)).join()} ${course.across} ${log} ${height}`;

  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const plot = new UPlot(options(latest, element.clientWidth, height, log, small), aligned(course), element);
    chart.current = plot;
    const resized = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height }));
    resized.observe(element);
    return () => {
      resized.disconnect();
      plot.destroy();
      chart.current = undefined;
    };
  }, [shape]);

  useEffect(() => chart.current?.setData(aligned(course)), [course, extent?.x[0], extent?.x[1], extent?.y[0], extent?.y[1]]);
  useEffect(() => colouring.subscribe(() => chart.current?.redraw(false, true)), []);

  const walk = (event: KeyboardEvent) => {
    const plot = chart.current;
    if (plot === undefined || (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight')) return;
    event.preventDefault();
    const [xs] = plot.data;
    const from = plot.cursor.idx ?? (event.key === 'ArrowRight' ? -1 : xs.length);
    const index = Math.min(xs.length - 1, Math.max(0, from + (event.key === 'ArrowRight' ? 1 : -1)));
    plot.setCursor({ left: plot.valToPos(xs[index] ?? 0, 'x'), top: 10 });
  };
  return (
    <div
      ref={place}
      class="plot"
      style={{ height: `${height}px` }}
      onKeyDown={walk}
      tabIndex={small ? undefined : 0}
      role={small ? undefined : 'group'}
      aria-label={small ? undefined : 'Loss curve: left and right arrow read its points'}
    />
  );
}

type Latest = { current: { course: Course; extent: Extent | undefined; onRead: PlotProps['onRead'] | undefined } };

function options(latest: Latest, width: number, height: number, log: boolean, small: boolean): UPlot.Options {
  const { course } = latest.current;
  const font = `11px ${getComputedStyle(document.body).fontFamily}`;
  const axis = {
    stroke: () => colour('faint'),
    font,
    ticks: { show: false },
    grid: { stroke: () => colour('line'), width: 1 },
  };
  const last = course.lines.length - 1;
  /** Small drawings say it once for all of them. */
  const named = (label: string) => (small ? {} : { label, labelFont: font, labelSize: 18, labelGap: 2 });
  return {
    width,
    height,
    padding: small ? [6, 16, 2, 2] : [10, 20, 0, 0],
    legend: { show: false },
    cursor: { sync: { key: `loss-${course.across}` }, drag: { x: false, y: false }, y: false, points: { size: 6 } },
    scales: {
      x: { time: course.across === 'time', range: (_, low, high) => spread(latest.current.extent?.x ?? [low, high]) },
      y: {
        // uPlot's const enum is not there when a bundler reads it: 1 is linear, 3 logarithmic.
        distr: log ? 3 : 1,
        range: (_, low, high) => {
          const [from, to] = latest.current.extent?.y ?? [low ?? 0, high ?? 1];
          if (log) return [Math.max(from, 1e-12) * 0.9, Math.max(to, 1e-12) * 1.1];
          const room = (to - from || Math.abs(to) || 1) * 0.06;
          return [from - room, to + room];
        },
      },
    },
    axes: [
      {
        ...axis,
        size: small ? 18 : 30,
        ...named(course.across === 'step' ? 'training step' : 'time'),
        space: small ? 70 : 60,
        ...(course.across === 'step' ? { values: (_, values) => values.map((value) => short(value)) } : {}),
      },
      {
        ...axis,
        size: small ? 34 : 52,
        ...named('loss'),
        space: small ? 26 : 34,
        values: (_, values) => values.map((value) => (value === null ? '' : measured(value))),
      },
    ],
    series: [
      {},
      ...course.lines.flatMap((line, index): UPlot.Series[] => {
        const ink = index === last ? 'accent' : 'faint';
        return [
          {
            stroke: () => colour(ink),
            width: index === last ? 1.75 : 1.25,
            spanGaps: true,
            points: { show: line.x.length === 1, size: 5, fill: () => colour(ink) },
            ...(index === last ? {} : { dash: [4, 3] }),
          },
          { show: !small, width: 0, points: { show: false }, spanGaps: true },
          { show: !small, width: 0, points: { show: false }, spanGaps: true },
        ];
      }),
    ],
    bands: small ? [] : course.lines.map((_, index) => ({ series: [index * 3 + 3, index * 3 + 2], fill: () => colour('wash') })),
    hooks: {
      draw: [(plot) => marks(plot, latest.current.course)],
      setCursor: [(plot) => latest.current.onRead?.(read(plot, latest.current.course))],
    },
  };
}

/** One point alone gets some room on both sides. */
const spread = ([from, to]: [number, number]): [number, number] => (from === to ? [from - 10, to + 10] : [from, to]);
const short = (value: number): string => (value >= 10_000 ? `${count(value / 1000)}k` : count(value));

/** Where attempts began, as upright lines; checkpoints as triangles on the floor, the final one larger; a cross for what was not finite. */
function marks(plot: UPlot, course: Course): void {
  const { ctx } = plot;
  const { left, top, width, height } = plot.bbox;
  const scale = devicePixelRatio;
  const at = (x: number) => plot.valToPos(x, 'x', true);
  ctx.save();
  ctx.beginPath();
  // A mark at the very end is whole.
  ctx.rect(left - 8 * scale, top, width + 16 * scale, height);
  ctx.clip();
  ctx.strokeStyle = colour('soft');
  ctx.lineWidth = scale;
  ctx.setLineDash([2 * scale, 3 * scale]);
  for (const line of course.lines.slice(1)) {
    const x = at(line.x[0] ?? 0);
    ctx.beginPath();
    ctx.moveTo(x, top);
    ctx.lineTo(x, top + height);
    ctx.stroke();
  }
  ctx.setLineDash([]);
  ctx.fillStyle = colour('ink');
  for (const { x, final } of course.checkpoints) {
    const size = (final ? 6 : 4) * scale;
    const floor = top + height;
    ctx.beginPath();
    ctx.moveTo(at(x), floor - size * 1.6);
    ctx.lineTo(at(x) - size, floor);
    ctx.lineTo(at(x) + size, floor);
    ctx.fill();
  }
  ctx.strokeStyle = colour('bad');
  ctx.lineWidth = 2 * scale;
  for (const { x } of course.nonFinite) {
    const size = 4 * scale;
    const y = top + 8 * scale;
    ctx.beginPath();
    ctx.moveTo(at(x) - size, y - size);
    ctx.lineTo(at(x) + size, y + size);
    ctx.moveTo(at(x) + size, y - size);
    ctx.lineTo(at(x) - size, y + size);
    ctx.stroke();
  }
  ctx.restore();
}

/** The reading under the cursor, of the newest attempt that has one there. */
function read(plot: UPlot, course: Course): string | undefined {
  const { idx } = plot.cursor;
  if (idx === null || idx === undefined || (plot.cursor.left ?? -1) < 0) return undefined;
  const x = plot.data[0][idx];
  for (const line of course.lines.toReversed()) {
    const index = line.x.findIndex((one) => one === x);
    const low = line.low[index] ?? null;
    const high = line.high[index] ?? null;
    if (index < 0) continue;
    const loss =
      low === null || high === null
        ? 'not a finite number'
        : low === high
          ? measured(low)
          : `${measured(low)} to ${measured(high)}`;
    return `step ${count(line.step[index] ?? 0)}: loss ${loss} (${line.name})`;
  }
  return undefined;
}
