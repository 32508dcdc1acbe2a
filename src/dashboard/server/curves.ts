/**
 * The course of every work: what this process has heard since it began, joined with what the courier has published with the newest
 * checkpoint. Bounded over all works together; what is not in memory any more comes from the bucket.
 */
import {
  Course,
  emptyHistory,
  type HistoryFile,
  historyFile,
  historyFileName,
  joined,
  maxHistoryBytes,
} from '../../api/history.ts';
import type { IslandJob } from '../../api/islandjob.ts';
import type { Progress } from '../../api/work.ts';
import type { Clock } from '../../clock.ts';
import { messageOf } from '../../kube/errors.ts';
import type { WorkName } from '../view/common.ts';
import type { CurveView } from '../view/curve.ts';
import { type Bucket, parsed } from './bucket.ts';
import type { Objects } from './objects.ts';

export interface Curves {
  /** Follows live progress until the signal is aborted. */
  run(signal: AbortSignal): Promise<void>;
  /** Looks once at what is heard. */
  look(): void;
  /** Of a work: `jobs` are its IslandJobs, `prefix` where it publishes, absent when the bucket is not to be asked. */
  of(
    work: WorkName,
    jobs: readonly IslandJob[],
    from: { bucket: Bucket; prefix: string } | undefined,
    signal: AbortSignal,
  ): Promise<CurveView>;
}

export interface CurvesOptions {
  objects: Pick<Objects, 'jobs'>;
  progress: (jobUid: string) => Progress | undefined;
  clock: Clock;
}

const everyMs = 3_000;
/** Points of all works together: some 20 MB. */
const mostPoints = 400_000;
/** How many checkpoints are tried, newest first, before a history counts as absent. */
const tries = 4;

export function createCurves({ objects, progress, clock }: CurvesOptions): Curves {
  /** By the uid of the IslandJob: one placement of one work. */
  const heard = new Map<string, Course>();
  const room = () => Math.max(50, Math.min(1000, Math.floor(mostPoints / (heard.size + 1))));

  objects.jobs.onChange(({ type, object }) => {
    if (type === 'delete') heard.delete(object.metadata.uid ?? '');
  });

  function hear(job: IslandJob): void {
    const { uid = '' } = job.metadata;
    const now = progress(uid) ?? (job.status?.state === 'Running' ? job.status.progress : undefined);
    if (!now) return;
    let course = heard.get(uid);
    if (!course) {
      if (heard.size * 50 >= mostPoints) return;
      course = new Course(room());
      heard.set(uid, course);
    }
    const of = { placement: job.spec.placement, attempt: Math.max(1, job.status?.attempt ?? 1) };
    course.add(of, now);
    const { checkpoint } = job.status ?? {};
    if (checkpoint) course.mark({ ...of, attempt: checkpoint.attempt }, checkpoint.step, checkpoint.final);
  }
  const look = () => objects.jobs.store.list().forEach(hear);

  return {
    look,
    async run(signal) {
      while (!signal.aborted) {
        look();
        await clock.sleep(everyMs, signal).catch(() => undefined);
      }
    },
    async of(work, jobs, from, signal) {
      jobs.forEach(hear);
      let live: HistoryFile = emptyHistory();
      for (const { metadata } of jobs.toSorted((a, b) => a.spec.placement - b.spec.placement)) {
        const course = heard.get(metadata.uid ?? '');
        if (course) live = joined(live, course.file());
      }
      const { file, gap } = from ? await storedHistory(from.bucket, from.prefix, signal) : { file: undefined, gap: undefined };
      const both = file ? joined(file, live) : live;
      const source = live.points.step.length > 0 ? 'live' : 'stored';
      return curveView(work, both, source, gap);
    },
  };
}

export function curveView(work: WorkName, file: HistoryFile, source: CurveView['source'], gap?: string): CurveView {
  const { attempts, points, checkpoints, nonFinite, merged } = file;
  return { work, points, attempts, checkpoints, nonFinite, downSampled: merged, source, ...(gap === undefined ? {} : { gap }) };
}

/** The newest history of a work that verifies. One that is there and cannot be used is said, and the one before it taken. */
export async function storedHistory(
  bucket: Bucket,
  prefix: string,
  signal: AbortSignal,
): Promise<{ file: HistoryFile | undefined; gap: string | undefined }> {
  let gap: string | undefined;
  try {
    const keys = await bucket.checkpoints(prefix, signal);
    for (const key of keys.slice(0, tries)) {
      try {
        const bytes = await bucket.file(await bucket.manifest(key, undefined, signal), historyFileName, maxHistoryBytes, signal);
        const file = historyFile.safeParse(parsed(bytes));
        if (file.success) return { file: file.data, gap };
        if (bytes) gap ??= `the history of ${key} is not one that this version reads`;
      } catch (error) {
        signal.throwIfAborted();
        gap ??= messageOf(error);
      }
    }
  } catch (error) {
    signal.throwIfAborted();
    gap = `the bucket could not be read: ${messageOf(error)}`;
  }
  return { file: undefined, gap };
}
