/** Runs programs that make mounts and children so that the kernel takes both back when they end, however they end. */
import { type CommandOptions, type CommandOutput, command } from './command.ts';

const namespaces = ['--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child=KILL', '--mount-proc', '--'];

/** As `command`, in mount and process namespaces of its own; killed with this process. Needs root. */
export function isolated(program: string, args: readonly string[], options: CommandOptions = {}): Promise<CommandOutput> {
  return command('setpriv', ['--pdeathsig', 'KILL', '--', 'unshare', ...namespaces, program, ...args], options);
}
