/**
 * One machine of a cluster: an init process in namespaces of its own (processes, mounts, network). When the init process dies, the kernel
 * ends everything that runs in it and takes back its mounts and network, so nothing has to be remembered to be cleaned up.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { attach, bridgeAddress, bridgeLock, removeBridgeScript } from './bridge.ts';
import { makeCgroups, removeCgroupsScript } from './cgroups.ts';
import { type CommandOptions, type CommandOutput, command } from './command.ts';
import { Component } from './component.ts';
import { onDeath } from './guard.ts';

/**
 * What the programs write below /run, /var/lib and /var/log goes to memory that vanishes with the machine, all but the kubelet's folder.
 * Containers' mounts propagate among the machine's processes only.
 */
const initScript = `
set -e
mount --make-rshared /
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/netns /run/lock /run/over/lib /run/over/log /run/over/lib.work /run/over/log.work
for part in lib log; do
  mount -t overlay -o "lowerdir=/var/$part,upperdir=/run/over/$part,workdir=/run/over/$part.work" overlay "/var/$part"
done
mkdir -p /var/lib/kubelet
mount --bind "$1" /var/lib/kubelet
hostname "$2"
ip link set lo up
echo 1 >/proc/sys/net/ipv4/ip_forward
echo ready
set +e
sleep infinity & wait
`;

/** Shell: what the kernel leaves of the machine with the wire `$1` of the index `$3`; `$2` is the bridge's lock. */
const leftoversScript = `${removeCgroupsScript}\n${removeBridgeScript}`;

export interface MachineSpec {
  /** Host name. */
  name: string;
  /** Numbers of the cluster and of the machine in it, from 1: the address is 10.99.<cluster>.<machine>. */
  cluster: number;
  machine: number;
  /** Folder for its files. */
  dir: string;
}

export class Machine {
  readonly spec: MachineSpec;
  readonly address: string;
  /** Name of its wire on the host, and of its cgroup. */
  readonly wire: string;
  #outer: ChildProcess | undefined;
  #init = 0;
  /** Arguments of the script that removes what the kernel leaves. */
  #left: string[] = [];
  #guard: { cancel(): void } | undefined;

  constructor(spec: MachineSpec) {
    this.spec = spec;
    this.address = `10.99.${spec.cluster}.${spec.machine}`;
    this.wire = `atoll${spec.cluster}.${spec.machine}`;
  }

  /** Put before a command, runs it inside this machine: `[...machine.enter, 'ip', 'addr']`. */
  get enter(): string[] {
    return ['nsenter', '--target', String(this.#init), '--mount', '--uts', '--ipc', '--net', '--pid', '--'];
  }

  /** Starts the init process, plugs in the wire and makes the cgroup. Throws AddressTaken when a machine of the same numbers runs. */
  async start(): Promise<void> {
    const kubelet = join(this.spec.dir, 'kubelet');
    await mkdir(kubelet, { recursive: true });
    await mkdir(join(this.spec.dir, 'logs'), { recursive: true });
    try {
      this.#init = await this.#unshare(['sh', '-c', initScript, 'atoll-init', kubelet, this.spec.name]);
      this.#left = [this.wire, bridgeLock(), String(await attach(this.wire, this.#init))];
      this.#guard = onDeath(leftoversScript, this.#left);
      const script = 'ip addr add "$1"/16 dev eth0 && ip link set eth0 up && ip route add default via "$2"';
      await this.run('sh', ['-c', script, 'sh', this.address, bridgeAddress]);
      await makeCgroups(this.wire);
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Runs `init` as the first process of new namespaces and returns its process id on the host, once it has said it is ready. */
  async #unshare(init: readonly string[]): Promise<number> {
    const own = [
      '--mount',
      '--propagation',
      'private',
      '--uts',
      '--ipc',
      '--net',
      '--pid',
      '--fork',
      '--kill-child=KILL',
      '--mount-proc',
    ];
    const outer = spawn('setpriv', ['--pdeathsig', 'KILL', '--', 'unshare', ...own, ...init], {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    this.#outer = outer;
    let said = '';
    outer.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    const up = await new Promise<boolean>((resolve) => {
      outer.stdout.once('data', () => resolve(true));
      outer.once('close', () => resolve(false));
      outer.once('error', () => resolve(false));
    });
    if (!up) throw new Error(`cannot make the namespaces of ${this.spec.name}: ${said.trim()}`);
    return Number((await readFile(`/proc/${outer.pid}/task/${outer.pid}/children`, 'utf8')).trim());
  }

  /** Runs a program inside the machine to its end. */
  run(program: string, args: readonly string[], options: CommandOptions = {}): Promise<CommandOutput> {
    const [first = '', ...rest] = this.enter;
    return command(first, [...rest, program, ...args], options);
  }

  /** A long-running program inside the machine, in the folder `cwd`, not started yet. */
  component(name: string, program: string, args: readonly string[], cwd: string = this.spec.dir): Component {
    const log = join(this.spec.dir, 'logs', `${name}.log`);
    return new Component({ name, program, args, cwd, log, enter: () => [...this.enter, 'env', `--chdir=${cwd}`] });
  }

  /** Pulls the wire (nothing gets in or out, everything inside goes on) or plugs it in again. */
  async setWire(state: 'up' | 'down'): Promise<void> {
    await command('ip', ['link', 'set', this.wire, state]);
  }

  /** Ends every process in the machine at once and removes what the kernel does not. */
  async stop(): Promise<void> {
    const outer = this.#outer;
    if (!outer) return;
    if (outer.exitCode === null && outer.signalCode === null) {
      const exited = new Promise<void>((resolve) => outer.once('exit', () => resolve()));
      if (this.#init)
        process.kill(this.#init, 'SIGKILL'); // surely ours: its parent, unshare, has not reaped it yet
      else outer.kill('SIGKILL');
      await exited;
    }
    this.#outer = undefined;
    if (!this.#guard) return;
    await command('sh', ['-c', leftoversScript, 'sh', ...this.#left]);
    this.#guard.cancel();
  }
}
