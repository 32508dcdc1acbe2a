/** One expert of a run: its state in words, its loss as a small drawing, and where it stands. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { WorkRow } from '../../../view/work.ts';
import { type Across, type Extent, extentOf, told } from '../../charts/course.ts';
import { useCourse } from '../../charts/curve.ts';
import { Plot } from '../../charts/plot.tsx';
import { Age } from '../../parts/time.tsx';
import { WorkState } from '../../parts/work-state.tsx';
import { pathOf } from '../../route.ts';
import { count, measured } from '../../words/number.ts';
import { inWords, lookOf } from '../../words/states.ts';
import { duration } from '../../words/time.ts';
import { routeOf } from '../../words/work.ts';

export interface TileProps {
  row: WorkRow;
  across: Across;
  log: boolean;
  extent: Extent | undefined;
  report: (id: string, extent: Extent | undefined) => void;
}

export function Tile({ row, across, log, extent, report }: TileProps) {
  const [place, seen] = useSeen();
  const { course, error, loading } = useCourse(row, across, seen);
  const own = extentOf(course);
  useEffect(() => report(row.id, own), [own?.x[0], own?.x[1], own?.y[0], own?.y[1], report]);
  const tone = row.state === 'Blocked' ? 'bad' : row.silentSince === undefined ? lookOf(row.state).tone : 'watch';
  return (
    <li class={`tile tile-${tone}`} ref={place}>
      <div class="tile-head">
        <h3>
          <a href={pathOf(routeOf(row))}>Expert {row.index}</a>
        </h3>
        <WorkState row={row} />
      </div>
      <p class="tile-where">
        {row.silentSince === undefined ? (
          <span class="soft">
            {row.island === undefined ? (row.reason === undefined ? 'not placed yet' : inWords(row.reason)) : `on ${row.island}`}
          </span>
        ) : (
          <span class="tone-watch">
            {row.island} is not heard, last <Age at={row.silentSince} />
          </span>
        )}
        {row.state === 'Blocked' && row.reason !== undefined && <span class="tone-bad"> {inWords(row.reason)}</span>}
      </p>
      <div class="tile-plot" role="img" aria-label={told(course)}>
        {!seen || loading ? (
          <p class="tile-none">Loading the curve ...</p>
        ) : course.lines.length > 0 ? (
          <Plot course={course} extent={extent} height={112} log={log} small />
        ) : (
          <p class="tile-none">{error === undefined ? 'No loss reported yet' : 'The curve cannot be read'}</p>
        )}
      </div>
      <p class="tile-foot number">
        <span>
          {row.step === undefined
            ? 'no step yet'
            : `step ${count(row.step)}${row.steps === undefined ? '' : ` of ${count(row.steps)}`}`}
        </span>
        <span>{row.loss === undefined ? '' : `loss ${measured(Number(row.loss))}`}</span>
        <span class={row.restarts ? 'tone-watch' : ''}>{row.attempt === undefined ? '' : `attempt ${row.attempt}`}</span>
        <span>{row.eta === undefined ? '' : `${duration(row.eta * 1000)} left`}</span>
      </p>
    </li>
  );
}

/** Whether the tile has been near what is on the screen: until then its curve is not read. */
function useSeen() {
  const place = useRef<HTMLLIElement>(null);
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    const element = place.current;
    if (seen || element === null) return;
    const watcher = new IntersectionObserver((entries) => entries.some(({ isIntersecting }) => isIntersecting) && setSeen(true), {
      rootMargin: '400px',
    });
    watcher.observe(element);
    return () => watcher.disconnect();
  }, [seen]);
  return [place, seen] as const;
}
