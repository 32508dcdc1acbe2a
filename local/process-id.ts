/** Names a process so that another one which is given the same number later is never taken for it. */
import { readFile } from 'node:fs/promises';

export interface ProcessId {
  pid: number;
  /** Clock ticks from the machine's start to the process's, as the kernel counts them. */
  started: string;
  /** The kernel's id of this boot of the machine. */
  boot: string;
}

/** The identity of the process that has this number now; undefined when none has, or only an ended one. */
export async function identify(pid: number): Promise<ProcessId | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (!stat) return undefined;
  // The second field is the name in parentheses and may hold anything; what follows is numbers.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state] = fields;
  const started = fields[19];
  if (!started || state === 'Z' || state === 'X') return undefined;
  return { pid, started, boot: (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim() };
}

export async function isAlive(id: ProcessId): Promise<boolean> {
  const now = await identify(id.pid);
  return now !== undefined && now.started === id.started && now.boot === id.boot;
}

/** Sends a signal to this very process; false when it is gone. */
export async function signalProcess(id: ProcessId, signal: NodeJS.Signals): Promise<boolean> {
  if (!(await isAlive(id))) return false;
  try {
    return process.kill(id.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}
