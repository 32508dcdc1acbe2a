/** The course of one work: read once, and grown with what its row says since. */
import { useMemo, useRef } from 'preact/hooks';
import type { WorkName } from '../../view/common.ts';
import type { CurveView } from '../../view/curve.ts';
import type { WorkRow } from '../../view/work.ts';
import { useAsked } from '../live/asked.ts';
import { type Across, type Course, courseOf, type Tail, tailOf } from './course.ts';

/** Reports kept beside the curve until it is read again: an hour of one a second. */
const mostTail = 3600;

export interface Known {
  course: Course;
  /** The curve itself could not be read: what is drawn began when this page was opened. */
  error: string | undefined;
  loading: boolean;
  downSampled: boolean;
  gap: string | undefined;
}

/** `wanted` false reads nothing yet, for drawings out of sight. */
export function useCourse(row: WorkRow, across: Across, wanted = true): Known {
  const { namespace, run, work, rev } = row;
  const { data, error } = useAsked('curve', wanted ? { parts: { namespace, run, work } } : undefined, rev);
  const tail = useRef<Tail[]>([]);
  const next = tailOf(row);
  if (next !== undefined && next.at > (tail.current.at(-1)?.at ?? 0)) {
    tail.current.push(next);
    if (tail.current.length > mostTail) tail.current.shift();
  }
  const length = tail.current.length;
  const newest = tail.current.at(-1)?.at;
  const course = useMemo(() => {
    const since = data?.points.at.at(-1) ?? 0;
    return courseOf(
      data,
      tail.current.filter(({ at }) => at > since),
      across,
    );
  }, [data, length, newest, across]);
  return known(course, data, error, wanted);
}

/** The course of a work of a run of which the bucket alone is left; `run` is its name and the first digits of its uid. */
export function usePastCourse(namespace: string, run: string, work: WorkName, across: Across): Known {
  const { data, error } = useAsked('historyCurve', { parts: { namespace, run, work } });
  const course = useMemo(() => courseOf(data, [], across), [data, across]);
  return known(course, data, error, true);
}

function known(course: Course, data: CurveView | undefined, error: string | undefined, wanted: boolean): Known {
  const loading = wanted && data === undefined && error === undefined;
  return { course, error, loading, downSampled: data?.downSampled ?? false, gap: data?.gap };
}
