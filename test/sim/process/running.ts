/** A process of Atoll that is started again whenever it ends, as a kubelet would: killed without a last word, frozen, or stood down. */
import { LeaseLostError } from '../../../src/kube/errors.ts';
import { Process, type SimClock } from '../clock.ts';
import type { Record } from '../facts.ts';

export interface Running {
  readonly name: string;
  /** The process that runs now. */
  readonly process: Process | undefined;
  /** How many times it was started. */
  readonly starts: number;
  /** Dies now and is started again after so many milliseconds. */
  crash(downMs: number): void;
  freeze(): void;
  thaw(): void;
  /** Ends for good. */
  end(): void;
}

export interface RunningOptions {
  name: string;
  clock: SimClock;
  record: Record;
  /** Lives until the signal is aborted; rejects when it cannot go on. `life` is another one each time, also when it begins again by itself. */
  main: (process: Process, life: number, signal: AbortSignal) => Promise<void>;
}

export function keepRunning({ name, clock, record, main }: RunningOptions): Running {
  let process: Process | undefined;
  let skewMs = 0;
  let starts = 0;
  let lives = 0;
  let ended = false;

  function start(): void {
    if (ended) return;
    const mine = new Process(clock, name);
    mine.skewMs = skewMs;
    process = mine;
    starts++;
    record.note({ kind: 'process', change: 'started', name });
    void live(mine);
  }

  async function live(mine: Process): Promise<void> {
    for (;;) {
      try {
        await main(mine, ++lives, mine.ended.signal);
        return;
      } catch (error) {
        if (mine.dead) return;
        if (!(error instanceof LeaseLostError)) {
          const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
          record.note({ kind: 'process', change: 'failed', name, why });
          record.violate(0, `${name} ended by itself: ${why}`);
          running.crash(1000);
          return;
        }
        record.note({ kind: 'process', change: 'stood down', name });
      }
    }
  }

  const running: Running = {
    name,
    get process() {
      return process;
    },
    get starts() {
      return starts;
    },
    crash(downMs) {
      if (!process || process.dead) return;
      skewMs = process.skewMs;
      record.note({ kind: 'process', change: 'killed', name });
      process.kill();
      clock.timer(downMs, start);
    },
    freeze() {
      if (!process || process.dead || process.frozen) return;
      record.note({ kind: 'process', change: 'frozen', name });
      process.freeze();
    },
    thaw() {
      if (!process?.frozen) return;
      record.note({ kind: 'process', change: 'thawed', name });
      process.thaw();
    },
    end() {
      ended = true;
      process?.kill();
    },
  };
  start();
  return running;
}
