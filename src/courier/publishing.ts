/** The loop that publishes one checkpoint after another, survives the store's absence, and keeps the result up to date. */
import type { CheckpointFile } from '../api/contract.ts';
import { type CourierCheckpoint, type CourierReport, type CourierResult, restoreExitCodes } from '../api/courier.ts';
import { cut } from '../api/fields.ts';
import { timestamp } from '../clock.ts';
import { AttemptTakenError, InvalidCheckpointError, isStorageError, NonFiniteWeightsError } from '../store/errors.ts';
import { type Published, type Publisher, publishCheckpoint } from '../store/publish.ts';
import { retain } from '../store/retention.ts';
import type { CourierContext } from './context.ts';
import type { RestoredMark } from './marks.ts';
import { type Entry, type Output, type Plan, plan } from './output.ts';
import { backoff } from './patience.ts';
import type { Permission } from './permission.ts';
import { MAX_MESSAGE, writeResult } from './result.ts';

type Complete = Extract<Entry, { state: 'Complete' }>;

/** How far the trainer said that it came. */
export type Trained = Pick<CourierResult, 'lastStep' | 'nonFiniteStep'>;

export interface RunOptions {
  pollMs: number;
  /** Publish what is complete, then end. */
  stop: AbortSignal;
  /** Give up. */
  abort: AbortSignal;
  /** Called with the directory of a checkpoint before it is published. */
  prepare?: (directory: string, checkpoint: CheckpointFile) => Promise<void>;
  /** What restore left; undefined until it is done. */
  restored(): Promise<RestoredMark | undefined>;
}

export class Publishing {
  readonly #context: CourierContext;
  readonly #output: Output;
  readonly #publisher: Publisher;
  readonly #permission: Permission;
  readonly #trained: () => Trained;
  readonly #catchUp: () => Promise<void>;
  #restored: RestoredMark | undefined;
  #failures = 0;
  #nextTry = 0;
  #lastWrite = '';
  /** Since when the store has been in the way, and what it said first; undefined while it is not. */
  trouble: CourierReport['trouble'];
  /** What stands in the way or went wrong last, for the result. */
  #trouble: Pick<CourierResult, 'key' | 'message'> & { reason?: CourierResult['reason'] } = {};
  checkpoint: CourierCheckpoint | undefined;
  final: CourierCheckpoint | undefined;
  uploading: string | undefined;
  pending = 0;
  /** Step of the newest checkpoint that was complete on disk. */
  savedStep: number | undefined;

  /** `trained` tells what the trainer has reported; it is complete up to now once `catchUp` has resolved. */
  constructor(
    context: CourierContext,
    output: Output,
    permission: Permission,
    trained: () => Trained = () => ({}),
    catchUp: () => Promise<void> = async () => {},
  ) {
    const { attempt, image, inputs, output: target } = context.config;
    this.#context = context;
    this.#output = output;
    this.#permission = permission;
    this.#trained = trained;
    this.#catchUp = catchUp;
    this.#publisher = {
      work: attempt.work,
      placement: attempt.placement,
      attempt: attempt.attempt,
      image,
      inputs: inputs.map(({ name, manifest, digest }) => ({ name, manifest, digest })),
      prefix: target.prefix,
    };
  }

  get resumedFrom(): RestoredMark['resumedFrom'] {
    return this.#restored?.resumedFrom;
  }

  /** Whether restore is done, so that the trainer may run. */
  get ready(): boolean {
    return this.#restored !== undefined;
  }

  /** The exit code: 0 when everything complete is published, 6 when something is left. Throws `AttemptTakenError`. */
  async run(options: RunOptions): Promise<number> {
    const { clock, log } = this.#context;
    const { pollMs, stop, abort } = options;
    await this.#recover();
    for (;;) {
      // Asked before looking, so that nothing that is complete when the signal comes is missed.
      const draining = stop.aborted;
      this.#restored ??= await options.restored();
      const { next } = await this.#tidy(draining);
      if (next === undefined) {
        if (draining) break;
        await this.#write();
        await clock.sleep(pollMs, stop).catch(() => undefined);
      } else if (clock.now() < this.#nextTry && !abort.aborted) {
        // The store is away. Looking goes on meanwhile, so that the disk does not fill up.
        const wait = Math.min(this.#nextTry - clock.now(), pollMs);
        await clock.sleep(wait, draining ? abort : stop).catch(() => undefined);
      } else if (abort.aborted) {
        log.error({ pending: this.pending, ...this.#trouble }, 'the time of grace is over; not everything was published');
        break;
      } else {
        await this.#publish(next, options);
      }
    }
    await this.write();
    return this.pending > 0 ? restoreExitCodes.storage : 0;
  }

  /** After a restart of the courier: the marks on disk say what was published. */
  async #recover(): Promise<void> {
    for (const entry of await this.#output.scan()) {
      if (entry.state !== 'Published') continue;
      this.#note(entry.record);
      await this.#quietly('free the disk', () => this.#output.tidy(entry.name));
    }
  }

  /** Looks, removes what was overtaken, refuses what can never be published; returns what to do next. */
  async #tidy(draining: boolean): Promise<Plan> {
    const { log } = this.#context;
    const entries = await this.#output.scan();
    for (const entry of entries) {
      if (entry.state === 'Invalid') await this.#refuse(entry.name, entry.why);
    }
    const todo = plan(entries, { draining, ...(this.uploading === undefined ? {} : { busy: this.uploading }) });
    for (const { name, record } of todo.same) {
      log.info({ checkpoint: name, manifest: record.manifest }, 'this step is published already');
      await this.#quietly('note it', () => this.#output.markPublished(name, record));
    }
    for (const name of todo.drop) {
      log.info({ checkpoint: name }, 'removed a checkpoint directory that newer ones replace');
      await this.#quietly('free the disk', () => this.#output.drop(name));
    }
    this.pending = todo.pending;
    this.#noteSaved(entries);
    return todo;
  }

  #noteSaved(entries: readonly Entry[]): void {
    for (const entry of entries) {
      const step =
        entry.state === 'Complete' ? entry.checkpoint.step : entry.state === 'Published' ? entry.record.step : undefined;
      if (step !== undefined) this.savedStep = Math.max(this.savedStep ?? 0, step);
    }
  }

  async #publish({ name, checkpoint }: Complete, { pollMs, abort, prepare }: RunOptions): Promise<void> {
    const { config, clock, random, log } = this.#context;
    const store = this.#context.store(config.output.store);
    await this.#catchUp();
    const { nonFiniteStep } = this.#trained();
    // What is saved from here on holds what made the loss so: nothing may ever resume from it.
    if (nonFiniteStep !== undefined && checkpoint.step >= nonFiniteStep && !checkpoint.final) {
      const why = `cannot publish the checkpoint of step ${checkpoint.step}: the loss is NaN or infinite since step ${nonFiniteStep}`;
      return this.#refuse(name, why);
    }
    this.uploading = name;
    const began = clock.now();
    if (prepare) await this.#quietly('write the history', () => prepare(this.#output.path(name), checkpoint));
    try {
      const watching = this.#watch(pollMs);
      let published: Published;
      try {
        published = await publishCheckpoint(store, this.#publisher, this.#output.path(name), checkpoint, abort);
      } finally {
        await watching.end();
      }
      const { step, kind, final } = checkpoint;
      const now = clock.now();
      const { attempt } = config.attempt;
      const record = { ...published, step, kind, final, at: timestamp(now), attempt, took: Math.round(now - began) };
      await this.#output.markPublished(name, record);
      this.#failures = 0;
      this.#trouble = {};
      this.trouble = undefined;
      this.#note(record);
      log.info({ checkpoint: name, manifest: record.manifest, digest: record.digest, step, bytes: record.bytes }, 'published');
      await this.write();
    } catch (error) {
      if (error instanceof AttemptTakenError) throw error;
      if (error instanceof InvalidCheckpointError) {
        await this.#refuse(name, error.message, error instanceof NonFiniteWeightsError ? 'NonFinite' : undefined);
        return;
      }
      this.#failures += 1;
      const delay = backoff(this.#failures, random);
      this.#nextTry = clock.now() + delay;
      const message = error instanceof Error ? error.message : String(error);
      this.#trouble = { reason: 'Storage', message, ...(isStorageError(error) ? { key: error.key } : {}) };
      // Its first words stay: each try names another key, and to say so again and again is no news.
      this.trouble ??= { message: cut(message, MAX_MESSAGE), at: timestamp(clock.now()) };
      log.warn({ checkpoint: name, why: message, retryInMs: delay, failures: this.#failures }, 'cannot publish now');
      await this.write();
      return;
    } finally {
      this.uploading = undefined;
    }
    await this.#retain(abort);
  }

  /** Keeps the disk tidy while an upload is under way. */
  #watch(pollMs: number): { end(): Promise<void> } {
    const { clock } = this.#context;
    const over = new AbortController();
    const watch = async () => {
      while (!over.signal.aborted) {
        await clock.sleep(pollMs, over.signal).catch(() => undefined);
        if (!over.signal.aborted) await this.#quietly('look at the output', () => this.#tidy(false));
      }
    };
    const watching = watch();
    return {
      end: async () => {
        over.abort();
        await watching;
      },
    };
  }

  async #retain(signal: AbortSignal): Promise<void> {
    const { config, log } = this.#context;
    const { checkpoint, quarantined, output, attempt } = config;
    // What stays for want of permission goes after the next checkpoint, when it is given by then.
    const allowed = () => this.#permission.given;
    if (!allowed()) return log.info('keeps old checkpoints in the store: the agent does not allow to delete them now');
    const policy = { keep: checkpoint.keep, damaged: [...(this.#restored?.skipped ?? []), ...quarantined], allowed };
    await this.#quietly('remove old checkpoints from the store', async () => {
      const gone = await retain(this.#context.store(output.store), output.prefix, attempt, policy, signal);
      if (gone.length > 0) log.info({ gone }, 'removed old checkpoints from the store');
    });
  }

  #note(record: CourierCheckpoint): void {
    if (record.final) this.final = record;
    if (this.checkpoint === undefined || record.step >= this.checkpoint.step) this.checkpoint = record;
  }

  async #refuse(name: string, why: string, reason?: CourierResult['reason']): Promise<void> {
    this.#context.log.error({ checkpoint: name, why }, 'a checkpoint cannot be published');
    this.#trouble = { message: why, ...(reason === undefined ? {} : { reason }) };
    await this.#quietly('note it', () => this.#output.markRefused(name, why));
    await this.write();
  }

  /** For what must not stop publishing when it fails. */
  async #quietly(what: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#context.log.warn({ why: (error as Error).message }, `cannot ${what}`);
    }
  }

  async #write(): Promise<void> {
    if (this.#lastWrite === '') await this.write();
  }

  /** Rewrites the result from what is known now. */
  async write(reason?: CourierResult['reason'], trouble = this.#trouble): Promise<void> {
    const { resumedFrom, skipped } = this.#restored ?? { skipped: [] };
    const { checkpoint, final } = this;
    const { key, message } = trouble;
    const told = reason ?? this.#trouble.reason ?? (checkpoint === undefined ? 'NothingPublished' : 'Published');
    const result: CourierResult = {
      v: 1,
      reason: told,
      ...(checkpoint === undefined ? {} : { step: checkpoint.step, checkpoint }),
      ...(final === undefined ? {} : { final }),
      ...this.#trained(),
      ...(resumedFrom === undefined ? {} : { resumedFrom }),
      ...(skipped.length === 0 ? {} : { skipped: skipped.slice(0, 3) }),
      ...(key === undefined ? {} : { key }),
      ...(message === undefined ? {} : { message }),
    };
    this.#lastWrite = told;
    await writeResult(this.#context, result);
  }
}
