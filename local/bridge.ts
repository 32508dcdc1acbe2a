/** The bridge on the host that the wires of all machines are plugged into. */
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

/** Makes the bridge when it is missing, and a wire from it to `eth0` of the process's network. */
export async function attach(wire: string, pid: number): Promise<void> {
  await withLock(bridgeLock(), async () => {
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
  });
}

/**
 * Shell: waits up to a minute for the wire `$1` to go (the kernel takes a machine's networks apart behind the death of its last process, one
 * by one with those of its pods), then removes the bridge if no other is plugged in; `$2` is the lock.
 */
export const removeBridgeScript = `
for i in $(seq 600); do ip link show "$1" >/dev/null 2>&1 || break; sleep 0.1; done
flock "$2" sh -c '[ -n "$(ip -o link show master ${bridge} 2>/dev/null)" ] || ip link del ${bridge} 2>/dev/null || true'
`;
