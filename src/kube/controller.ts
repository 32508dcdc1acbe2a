/** A controller: sources put keys into a queue, a few workers reconcile them, and one switch says what follows. */
import type { Clock, Random } from '../clock.ts';
import { link } from './abort.ts';
import { isConflict, messageOf, TerminalError } from './errors.ts';
import type { KubeMetrics, ReconcileResult } from './metrics.ts';
import { createQueue, type Queue } from './queue.ts';
import type { Source } from './sources.ts';
import { keyString, type Log, type ObjectKey, parseKey } from './types.ts';

/** 'done': the sources wake us again. `after`: look again in so many milliseconds, unless a source does before. */
export type Outcome = 'done' | { after: number };

export interface ControllerOptions {
  name: string;
  /** How many keys are reconciled at once; one key never twice at once. Default 1. */
  workers?: number;
  clock: Clock;
  random: Random;
  log: Log;
  metrics?: KubeMetrics | undefined;
  sources: Source[];
  /** Throws to be tried again with back-off; `TerminalError` not to be; a 409 to be tried again without noise. */
  reconcile(key: ObjectKey, signal: AbortSignal): Promise<Outcome>;
  /** Milliseconds after which a reconcile's signal is aborted. Default 2 minutes. */
  timeoutMs?: number;
  backoffMs?: number;
  maxBackoffMs?: number;
}

export interface Controller {
  readonly name: string;
  /** A poke from outside the sources: the key is reconciled soon. */
  enqueue(key: ObjectKey): void;
  /** Resolves when the signal is aborted and the reconciles under way have ended. Runs once. */
  run(signal: AbortSignal): Promise<void>;
}

export function createController(options: ControllerOptions): Controller {
  const { name, workers = 1, clock, log, metrics, timeoutMs = 120_000 } = options;
  if (!(workers >= 1)) throw new Error(`cannot create controller ${name}: workers is ${workers}, must be 1 or more`);
  const queue: Queue = createQueue(options);
  let started = false;
  metrics?.maxConcurrent.set({ controller: name }, workers);

  /** One reconcile and what it means for the queue, the metrics and the log: nowhere else are they touched. */
  async function process(text: string, signal: AbortSignal): Promise<void> {
    const began = clock.now();
    const linked = link(signal);
    const stop = clock.timer(timeoutMs, () => linked.abort(new Error(`cannot reconcile ${text} within ${timeoutMs / 1000} s`)));
    metrics?.activeWorkers.inc({ controller: name });
    let outcome: Outcome | { failure: unknown };
    try {
      outcome = await options.reconcile(parseKey(text), linked.signal);
    } catch (failure) {
      outcome = { failure };
    } finally {
      stop();
      linked.unlink();
    }
    metrics?.activeWorkers.dec({ controller: name });
    metrics?.reconcileSeconds.observe({ controller: name }, (clock.now() - began) / 1000);
    const count = (result: ReconcileResult) => metrics?.reconciles.inc({ controller: name, result });

    if (outcome === 'done') {
      queue.forget(text);
      count('success');
    } else if ('after' in outcome) {
      queue.forget(text);
      queue.addAfter(text, outcome.after);
      count('requeue_after');
    } else if (signal.aborted) {
      // We are being stopped; whatever was under way is picked up by the next start.
      log.debug({ controller: name, key: text, error: messageOf(outcome.failure) }, 'reconcile was stopped');
    } else if (outcome.failure instanceof TerminalError) {
      queue.forget(text);
      count('error');
      metrics?.reconcileErrors.inc({ controller: name });
      metrics?.terminalErrors.inc({ controller: name });
      log.error({ controller: name, key: text, err: outcome.failure }, 'reconcile failed and is not tried again');
    } else if (isConflict(outcome.failure)) {
      // Our view was old. The newer object is on its way through the watch; the short back-off only guards against a slow one.
      const ms = queue.retry(text, 'conflict');
      count('requeue');
      log.debug({ controller: name, key: text, ms, error: messageOf(outcome.failure) }, 'reconcile met a newer object');
    } else {
      const ms = queue.retry(text);
      count('error');
      metrics?.reconcileErrors.inc({ controller: name });
      log.error({ controller: name, key: text, ms: Math.round(ms), err: outcome.failure }, 'reconcile failed and is tried again');
    }
  }

  async function work(signal: AbortSignal): Promise<void> {
    for (let key = await queue.get(); key !== undefined; key = await queue.get()) {
      await process(key, signal);
      queue.done(key);
    }
  }

  return {
    name,
    enqueue: (key) => queue.add(keyString(key)),
    async run(signal) {
      if (started) throw new Error(`cannot run controller ${name} twice`);
      started = true;
      const close = () => queue.close();
      if (signal.aborted) close();
      else signal.addEventListener('abort', close, { once: true });
      for (const source of options.sources) source.start((key) => queue.add(keyString(key)));
      await Promise.all(Array.from({ length: workers }, () => work(signal)));
    },
  };
}
