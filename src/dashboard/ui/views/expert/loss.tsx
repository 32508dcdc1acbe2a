/** The loss of one expert: drawing, sentence and table. */
import { useId, useState } from 'preact/hooks';
import type { WorkRow } from '../../../view/work.ts';
import { extentOf, readings, told } from '../../charts/course.ts';
import { type Known, useCourse } from '../../charts/curve.ts';
import { Legend } from '../../charts/legend.tsx';
import { ModeSwitches, modes } from '../../charts/modes.tsx';
import { Plot } from '../../charts/plot.tsx';
import { count, measured } from '../../words/number.ts';

/** Rows of the table; a longer course is thinned to these. */
const mostRows = 200;

export function LossFigure({ row }: { row: WorkRow }) {
  return <CourseFigure title="Loss" known={useCourse(row, modes().across)} />;
}

/** `table` and axes are as the address says. */
export function CourseFigure({ title, known, switches = true }: { title: string; known: Known; switches?: boolean }) {
  const { log, table } = modes();
  const [pointed, point] = useState<string>();
  const { course, error, loading, downSampled, gap } = known;
  const id = useId();
  return (
    <section class="block" aria-labelledby={id}>
      <div class="block-head">
        <h2 id={id}>{title}</h2>
        {switches && <ModeSwitches drawing="Curve" />}
      </div>
      <figure class="sheet padded">
        {course.lines.length === 0 ? (
          <p class="plot-none">{loading ? 'Loading the curve ...' : 'No loss has been reported yet.'}</p>
        ) : table ? (
          <Table course={course} />
        ) : (
          <Plot course={course} extent={extentOf(course)} height={280} log={log} onRead={point} />
        )}
        <figcaption class="figure-foot">
          <span>{told(course)}</span>
          <span class="read" role="status">
            {pointed ?? ''}
          </span>
        </figcaption>
        {error !== undefined && (
          <p class="small tone-watch">The stored curve cannot be read: {error} What is drawn began when this page was opened.</p>
        )}
        {gap !== undefined && <p class="small tone-watch">{gap}</p>}
        {downSampled && (
          <p class="small faint">Points stand for several reports each; the lowest and highest of them are kept as a band.</p>
        )}
      </figure>
      {switches && !table && <Legend />}
    </section>
  );
}

function Table({ course }: { course: Parameters<typeof told>[0] }) {
  const all = readings(course);
  const every = Math.max(1, Math.ceil(all.length / mostRows));
  const shown = all.filter((_, index) => index % every === 0 || index === all.length - 1);
  return (
    <div class="scroll tall" tabIndex={0} role="group" aria-label="Loss as a table">
      <table class="plain">
        <caption class="small soft">{every === 1 ? 'Every reading' : `Every ${every}th reading of ${count(all.length)}`}</caption>
        <thead>
          <tr>
            <th scope="col" class="right">
              Step
            </th>
            <th scope="col" class="right">
              Lowest loss
            </th>
            <th scope="col" class="right">
              Highest loss
            </th>
            <th scope="col">Attempt</th>
          </tr>
        </thead>
        <tbody>
          {shown.map(({ step, low, high, attempt }) => (
            <tr key={`${attempt} ${step}`}>
              <td class="right">{count(step)}</td>
              <td class="right">{measured(low)}</td>
              <td class="right">{measured(high)}</td>
              <td>{attempt}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
