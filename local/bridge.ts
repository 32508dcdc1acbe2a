/** The bridge on the host that the wires of all machines are plugged into. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandError, command } from './command.ts';
import { withLock } from './lock.ts';
import { cacheDir } from './paths.ts';

const bridge = 'atoll0';
/** The host's address on the bridge: machines and their pods reach servers of the host there. */
export const bridgeAddress = '10.99.0.1';

/** Whoever adds the first wire or removes the bridge after the last holds this lock. */
export const bridgeLock = (): string => join(cacheDir(), 'bridge.lock');

/** Thrown when a machine with the same number runs already. */
export class AddressTaken extends Error {
  readonly wire: string;
  constructor(wire: string) {
    super(`cannot use the wire ${wire}: another machine has it`);
    this.name = 'AddressTaken';
    this.wire = wire;
  }
}

/** Makes the bridge when it is missing, and a wire from it to `eth0` of the process's network; returns the kernel's index of the wire. */
export async function attach(wire: string, pid: number): Promise<number> {
  return withLock(bridgeLock(), async () => {
    const found = await command('ip', ['link', 'show', bridge]).catch(() => undefined);
    if (!found) {
      await command('ip', ['link', 'add', bridge, 'type', 'bridge']);
      await command('ip', ['addr', 'add', `${bridgeAddress}/16`, 'dev', bridge]);
    }
    await command('ip', ['link', 'set', bridge, 'up']);
    try {
      await command('ip', ['link', 'add', wire, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(pid)]);
    } catch (error) {
      if (error instanceof CommandError && error.stderr.includes('File exists')) throw new AddressTaken(wire);
      throw error;
    }
    await command('ip', ['link', 'set', wire, 'master', bridge, 'up']);
    return Number(await readFile(join('/sys/class/net', wire, 'ifindex'), 'utf8'));
  });
}

/**
 * Shell: removes the wire `$1` with the index `$3`, then the bridge if no other is plugged in; `$2` is the lock. The kernel would take the
 * wire with the machine's network, but one network after the other, those of all pods too, which has taken minutes on a busy machine. Under
 * the lock and by its index, so that the wire of a later machine with the same numbers is left alone.
 */
export const removeBridgeScript = `
flock "$2" sh -c '
[ "$(cat "/sys/class/net/$1/ifindex" 2>/dev/null)" != "$2" ] || ip link del "$1" 2>/dev/null || true
[ -n "$(ip -o link show master ${bridge} 2>/dev/null)" ] || ip link del ${bridge} 2>/dev/null || true
' sh "$1" "$3"
`;
