/** How much CPU time another process has used so far. */
import { readFileSync } from 'node:fs';

/** Linux counts for other programs in ticks of this many milliseconds, whatever its own are. */
const tickMs = 10;

/** In ms, user and system, all threads of the process together; 0 when there is no such process any more. */
export function cpuMsOf(pid: number): number {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return 0;
  }
  // The name in brackets may hold anything; what follows it begins with the third field. See proc(5): utime is the 14th, stime the 15th.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * tickMs;
}
