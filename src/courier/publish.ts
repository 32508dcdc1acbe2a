/** `atoll courier publish`: the sidecar that publishes what the trainer saves, serves its progress, and ends after it. */
import { type CourierReport, restoreExitCodes } from '../api/courier.ts';
import { timestamp } from '../clock.ts';
import { AttemptTakenError } from '../store/errors.ts';
import type { CourierContext } from './context.ts';
import { TrainingHistory } from './history.ts';
import { claimedMark, readMark, restoredMark } from './marks.ts';
import { accompany } from './member.ts';
import { Output } from './output.ts';
import { PaceKeeper } from './pace.ts';
import { Permission } from './permission.ts';
import { ProgressTail } from './progress.ts';
import { Publishing, type Trained } from './publishing.ts';
import { startCourierServer } from './server.ts';

export interface PublishOptions {
  /** Between two looks at the output directory. */
  pollMs?: number;
  /** Told the port once the server listens. */
  onListening?(port: number): void;
}

/** Between two looks at the progress file. */
const PROGRESS_MS = 1_000;

/**
 * Runs until `signal` (SIGTERM, which a native sidecar gets after the trainer has exited): then publishes what is complete and ends.
 * 0: everything was published; 3: the attempt belongs to another pod; 6: something could not be published in the time of grace.
 */
export async function publish(context: CourierContext, signal: AbortSignal, options: PublishOptions = {}): Promise<number> {
  const { config, paths, clock, log } = context;
  const pollMs = options.pollMs ?? 500;
  const tail = new ProgressTail(paths.progress, clock);
  const output = new Output(paths.output, clock);
  const permission = new Permission(config.deletions, clock);
  const pace = new PaceKeeper(clock);
  const publishing = new Publishing(
    context,
    output,
    permission,
    () => trained(tail),
    () => tail.poll(),
  );
  const history = new TrainingHistory(context);
  const state = { claimed: false, ended: false };

  const report = (): CourierReport => {
    const { checkpoint, final, resumedFrom, uploading, pending, trouble } = publishing;
    const done = state.ended || final !== undefined;
    return {
      phase: !state.claimed ? 'Waiting' : uploading !== undefined ? 'Publishing' : done ? 'Done' : 'Running',
      ...(tail.newest ? { progress: tail.newest } : {}),
      ...(checkpoint ? { checkpoint } : {}),
      ...(final ? { final } : {}),
      ...(resumedFrom ? { restored: resumedFrom } : {}),
      ...(pace.pace ? { pace: pace.pace } : {}),
      ...(tail.nonFiniteStep === undefined ? {} : { nonFiniteStep: tail.nonFiniteStep }),
      ...(trouble ? { trouble } : {}),
      pending,
      at: timestamp(clock.now()),
    };
  };

  const server = await startCourierServer({
    ...config.progress,
    report,
    permitted: (permit) => permission.hear(permit),
  });
  options.onListening?.(server.port);
  const follow = new AbortController();
  const following = followProgress(tail, context, follow.signal, async () => {
    if (publishing.ready) pace.started();
    pace.step(tail.newest?.step);
    pace.saved(publishing.savedStep);
    await history.note(tail.newest, tail.nonFiniteStep !== undefined);
  });
  const grace = new AbortController();
  const armed = new AbortController();
  const limited = endGrace(context, signal, grace, armed.signal);
  try {
    while (!state.claimed && !signal.aborted) {
      const mark = await readMark(paths.claimed, claimedMark);
      state.claimed = mark !== undefined;
      if (!state.claimed) await clock.sleep(pollMs, signal).catch(() => undefined);
    }
    if (!state.claimed) {
      log.info('stopped before the attempt was claimed');
      return 0;
    }
    if (context.pod.index > 0) {
      await accompany(context, output, pollMs, signal);
      return 0;
    }
    const code = await publishing.run({
      pollMs,
      stop: signal,
      abort: grace.signal,
      restored: () => readMark(paths.restored, restoredMark),
      prepare: async (directory, checkpoint) => {
        await history.note(tail.newest, tail.nonFiniteStep !== undefined);
        await history.writeInto(directory, checkpoint);
      },
    });
    // The trainer has ended: what it reported last belongs into the result.
    follow.abort();
    await following;
    await tail.poll();
    await publishing.write();
    return code;
  } catch (error) {
    if (!(error instanceof AttemptTakenError)) throw error;
    log.error({ key: error.key, why: error.message }, 'another pod holds this attempt');
    await publishing.write('AttemptTaken', { key: error.key, message: error.message });
    return restoreExitCodes.attemptTaken;
  } finally {
    state.ended = true;
    armed.abort();
    follow.abort();
    await Promise.all([limited, following]);
    await server.close();
  }
}

function trained({ newest, nonFiniteStep }: ProgressTail): Trained {
  return {
    ...(newest === undefined ? {} : { lastStep: newest.step }),
    ...(nonFiniteStep === undefined ? {} : { nonFiniteStep }),
  };
}

async function followProgress(
  tail: ProgressTail,
  { clock }: CourierContext,
  signal: AbortSignal,
  looked: () => Promise<void>,
): Promise<void> {
  while (!signal.aborted) {
    await tail.poll();
    await looked();
    await clock.sleep(PROGRESS_MS, signal).catch(() => undefined);
  }
}

/** Ends the grace a little before the kubelet does, so that the result says what is missing. */
async function endGrace(
  { config, clock }: CourierContext,
  stop: AbortSignal,
  grace: AbortController,
  over: AbortSignal,
): Promise<void> {
  await new Promise<void>((resolve) => {
    if (stop.aborted || over.aborted) return resolve();
    stop.addEventListener('abort', () => resolve(), { once: true });
    over.addEventListener('abort', () => resolve(), { once: true });
  });
  const { publishSeconds } = config.grace;
  const ms = Math.max(publishSeconds - 2, publishSeconds / 2) * 1000;
  await clock.sleep(ms, over).then(
    () => grace.abort(new Error('the time of grace is over')),
    () => undefined,
  );
}
