/** A few worker processes that share the plans to run; each can be given edits that plant a bug. */
import { type ChildProcess, fork } from 'node:child_process';
import { cpuMsOf } from './cputime.ts';
import type { Outcome } from './run.ts';
import { type Edit, withEdits } from './seams/edits.ts';
import type { Order, Reply } from './worker.ts';

export interface CrewOptions {
  workers: number;
  edits?: readonly Edit[];
  /** The only faults of the plans. */
  only?: readonly string[] | undefined;
  /** A plan that uses more CPU time is given up, in ms: how busy the machine is otherwise does not matter. */
  mostCpuMs?: number;
  /** Called with each outcome and the CPU time that it cost, in ms; true ends the crew's work. */
  onOutcome: (outcome: Outcome, cpuMs: number) => boolean;
}

/** Runs the seeds in order, on all workers at once; rejects when a plan could not be run at all. */
export async function runSeeds(seeds: Iterable<number>, options: CrewOptions): Promise<void> {
  const { workers, edits = [], only, mostCpuMs = 120_000, onOutcome } = options;
  const rest = seeds[Symbol.iterator]();
  let over = false;

  async function work(): Promise<void> {
    const worker = fork(new URL('./worker.ts', import.meta.url), [], {
      env: { ...process.env, ...withEdits(edits) },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      // A plan makes much garbage that is young: room for it saves a tenth of the time.
      execArgv: [...process.execArgv, '--max-semi-space-size=64'],
    });
    try {
      for (let next = rest.next(); !next.done && !over; next = rest.next()) {
        const reply = await ask(worker, { seed: next.value, only }, mostCpuMs);
        if ('broke' in reply) throw new Error(`cannot run plan ${reply.broke.seed}: ${reply.broke.why}`);
        if (onOutcome(reply.outcome, reply.cpuMs)) over = true;
      }
    } catch (error) {
      over = true;
      throw error;
    } finally {
      worker.kill();
    }
  }
  await Promise.all(Array.from({ length: workers }, work));
}

/** Between two looks at what a worker has used. */
const lookMs = 5_000;

function ask(worker: ChildProcess, order: Order, mostCpuMs: number): Promise<Reply> {
  const { seed } = order;
  const used = () => cpuMsOf(worker.pid ?? 0);
  const before = used();
  return new Promise((resolve, reject) => {
    const watch = setInterval(() => {
      if (used() - before <= mostCpuMs) return;
      worker.kill('SIGKILL');
      end(() => reject(new Error(`cannot run plan ${seed}: it used more than ${mostCpuMs / 1000} s of CPU time`)));
    }, lookMs);
    const onMessage = (message: Reply) => end(() => resolve(message));
    const onExit = (code: number | null) => end(() => reject(new Error(`cannot run plan ${seed}: the worker ended (${code})`)));
    const end = (then: () => void) => {
      clearInterval(watch);
      worker.off('message', onMessage);
      worker.off('exit', onExit);
      then();
    };
    worker.on('message', onMessage);
    worker.on('exit', onExit);
    worker.send(order);
  });
}
