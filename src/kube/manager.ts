/** Runs everything together: informers first, controllers once all stores are filled and the lease is held; one signal ends it in order. */
import type { Controller } from './controller.ts';
import { LoopEndedError } from './errors.ts';
import { createInformer, type Informer, type InformerContext, type InformerOptions, type RunnableInformer } from './informer.ts';
import type { Lease } from './lease.ts';
import type { KubeObject, ResourceType } from './types.ts';

export interface ManagerOptions extends InformerContext {
  /** Controllers and leader loops run only while this is held; informers always do. */
  lease?: Lease;
  /** Milliseconds that reconciles under way get to end in. Default 20 s. */
  drainMs?: number;
}

export interface LoopOptions {
  /** Wait for the stores and the lease, as controllers do. Default true. */
  leaderOnly?: boolean;
}

export interface Manager {
  /** The informer of this kind and selection; asked for again, the same one, with the indexes of all who asked. */
  informer<T extends KubeObject>(type: ResourceType<T>, options?: InformerOptions<T>): Informer<T>;
  add(controller: Controller): void;
  /** Something else that must run until the signal is aborted, such as an event recorder. */
  addLoop(name: string, run: (signal: AbortSignal) => Promise<void>, options?: LoopOptions): void;
  /**
   * Every store is filled and heard from the API server within the last three minutes. A standby that waits for the lease is ready
   * too: it could act at once, and a rollout or a disruption budget has to count it.
   */
  readonly ready: boolean;
  /**
   * Resolves when the signal is aborted and all has ended: controllers first, then loops, informers, and the lease is given back.
   * Rejects when anything ended by itself or the lease was lost; everything else has been stopped by then.
   */
  run(signal: AbortSignal): Promise<void>;
}

/** A bookmark comes every minute; two that are missing, and the time to notice, make a store stale. */
const staleMs = 180_000;

export function createManager(options: ManagerOptions): Manager {
  const { clock, log, lease, drainMs = 20_000 } = options;
  const informers = new Map<string, { informer: RunnableInformer<never>; transform: unknown }[]>();
  const controllers: Controller[] = [];
  const loops: { name: string; run: (signal: AbortSignal) => Promise<void>; leaderOnly: boolean }[] = [];
  let running = false;
  let ready = false;

  const all = () => [...informers.values()].flat().map(({ informer }) => informer);
  const beforeStart = (what: string) => {
    if (running) throw new Error(`cannot add ${what}: the manager runs already`);
  };

  /** Informers, leader loops and the rest are stopped one after the other, each when the one before has ended. */
  async function run(signal: AbortSignal): Promise<void> {
    beforeStart('anything');
    running = true;
    const failure = Promise.withResolvers<never>();
    failure.promise.catch(() => undefined);
    /** Something goes on although it was told to end. */
    let left = false;
    /** A stage is a set of supervised loops with a signal of its own. */
    const stage = () => {
      const controller = new AbortController();
      const tasks: Promise<void>[] = [];
      return {
        start(name: string, loop: (signal: AbortSignal) => Promise<void>) {
          const task = loop(controller.signal).then(
            () => {
              if (!controller.signal.aborted) failure.reject(new LoopEndedError(`cannot go on: ${name} ended by itself`));
            },
            (error: unknown) => {
              if (!controller.signal.aborted) failure.reject(error);
            },
          );
          tasks.push(task);
        },
        async stop() {
          controller.abort(signal.reason);
          const late = Promise.withResolvers<void>();
          const cancel = clock.timer(drainMs, () => {
            log.warn({ drainMs }, 'something did not end in time and is left behind');
            left = true;
            late.resolve();
          });
          await Promise.race([Promise.all(tasks), late.promise]);
          cancel();
        },
      };
    };
    const aborted = new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
    const [base, holding, leading] = [stage(), stage(), stage()];
    const orStop = <R>(promise: Promise<R>) => Promise.race([promise, aborted, failure.promise]);

    let failed: unknown;
    try {
      for (const informer of all()) base.start(`informer of ${informer.type.plural}`, (until) => informer.run(until));
      for (const { name, run: loop, leaderOnly } of loops) if (!leaderOnly) base.start(name, loop);
      const stopTelling = tellWaiting();
      await orStop(Promise.all(all().map(({ synced }) => synced))).finally(stopTelling);
      ready = !signal.aborted;
      if (!signal.aborted && lease) {
        const acquired = Promise.withResolvers<void>();
        holding.start('lease', async (until) => {
          await lease.acquire(until);
          acquired.resolve();
          await lease.hold(until);
        });
        await orStop(acquired.promise);
      }
      if (!signal.aborted) {
        for (const controller of controllers) leading.start(`controller ${controller.name}`, (until) => controller.run(until));
        for (const { name, run: loop, leaderOnly } of loops) if (leaderOnly) leading.start(name, loop);
        log.info({ informers: all().length, controllers: controllers.length }, 'controllers run');
      }
      await orStop(new Promise(() => {}));
    } catch (error) {
      failed = error;
    }
    ready = false;
    await leading.stop();
    await base.stop();
    await holding.stop();
    await lease?.release();
    if (failed === undefined) return;
    throw left ? new LoopEndedError('cannot begin again: something did not end in time', { cause: failed }) : failed;
  }

  /** Says every 10 s which stores are still empty: a missing kind or right is found by reading the log. */
  function tellWaiting(): () => void {
    let stop = () => {};
    const again = () => {
      stop = clock.timer(10_000, () => {
        const waiting = all().flatMap(({ hasSynced, type }) => (hasSynced ? [] : [type.plural]));
        log.warn({ waiting }, 'still waiting for the first list');
        again();
      });
    };
    again();
    return () => stop();
  }

  return {
    informer<T extends KubeObject>(type: ResourceType<T>, wanted: InformerOptions<T> = {}) {
      const id = JSON.stringify([
        type.group,
        type.version,
        type.plural,
        wanted.namespaces ?? wanted.namespace ?? '',
        wanted.labelSelector ?? '',
        wanted.fieldSelector ?? '',
      ]);
      const known = informers.get(id) ?? [];
      const same = known.find(({ transform }) => transform === wanted.transform);
      if (same) {
        const informer = same.informer as Informer<KubeObject> as RunnableInformer<T>;
        for (const [name, values] of Object.entries(wanted.indexes ?? {})) informer.addIndex(name, values);
        return informer;
      }
      beforeStart(`an informer of ${type.plural}`);
      const informer = createInformer(type, wanted, options);
      informers.set(id, [
        ...known,
        { informer: informer as Informer<T> as RunnableInformer<never>, transform: wanted.transform },
      ]);
      return informer;
    },
    add(controller) {
      beforeStart(`controller ${controller.name}`);
      controllers.push(controller);
    },
    addLoop(name, loop, how = {}) {
      beforeStart(name);
      loops.push({ name, run: loop, leaderOnly: how.leaderOnly ?? true });
    },
    get ready() {
      return ready && all().every((informer) => informer.silentMs() < staleMs);
    },
    run,
  };
}
