/** What a cluster could leave on its host. */
import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { command } from '../../local/command.ts';
import { processesIn } from './alive.ts';

/** Everything of the host that a cluster might change, as lists of lines. */
export async function hostState(): Promise<Record<string, string[]>> {
  const lines = async (program: string, args: string[]) =>
    (await command(program, args).catch(() => ({ stdout: '' }))).stdout.split('\n');
  const folder = async (path: string) => (await readdir(path).catch(() => [])).map((name) => join(path, name));
  const folders = [
    '/run/netns',
    '/run/containerd',
    '/var/lib/kubelet',
    '/var/lib/cni',
    '/var/log/containers',
    '/var/log/pods',
    '/opt/containerd',
  ];
  return {
    mounts: (await readFile('/proc/self/mountinfo', 'utf8'))
      .split('\n')
      .filter((line) => /atoll|kubelet|containerd|netns/.test(line)),
    // Counters in brackets change by themselves, and so do comments with the date.
    firewall: (await lines('iptables-save', []))
      .filter((line) => !line.startsWith('#'))
      .map((line) => line.replace(/ \[\d+:\d+\]/, '')),
    routes: (await lines('ip', ['route'])).filter((line) => !line.includes('10.99.')),
    folders: (await Promise.all(folders.map(folder))).flat(),
  };
}

/** The namespaces of a machine, by the process number of its init. */
export async function namespacesOf(init: number): Promise<Record<'pid' | 'net' | 'mnt', string>> {
  const [pid, net, mnt] = await Promise.all(['pid', 'net', 'mnt'].map((kind) => readlink(`/proc/${init}/ns/${kind}`)));
  return { pid: pid ?? '', net: net ?? '', mnt: mnt ?? '' };
}

/** What is left of the machine with this wire and these namespaces: empty when nothing is. */
export async function leftOf(wire: string, namespaces: Record<'pid' | 'net' | 'mnt', string>): Promise<string[]> {
  const left: string[] = [];
  for (const kind of ['pid', 'net', 'mnt'] as const) {
    for (const pid of await processesIn(kind, namespaces[kind])) left.push(`process ${pid} in ${namespaces[kind]}`);
  }
  if ((await readdir('/sys/class/net')).includes(wire)) left.push(`link ${wire}`);
  for (const entry of await readdir('/sys/fs/cgroup', { withFileTypes: true })) {
    if (entry.name === wire) left.push(`cgroup ${entry.name}`);
    const inside = entry.isDirectory() ? await readdir(join('/sys/fs/cgroup', entry.name)).catch(() => []) : [];
    if (inside.includes(wire)) left.push(`cgroup ${entry.name}/${wire}`);
  }
  return left;
}
