/** What a machine needs so that whole clusters can run on it, and what of it is missing. */
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { unified } from './cgroups.ts';
import { CommandError, command } from './command.ts';
import { explain } from './explain.ts';
import { withLock } from './lock.ts';
import { cacheDir } from './paths.ts';
import { type Progress, silent } from './progress.ts';

/** Programs that clusters and images are made with, and the Debian package that brings each. */
const packages: Record<string, string> = {
  containerd: 'containerd',
  ctr: 'containerd',
  runc: 'runc',
  buildah: 'buildah',
  'containers-storage': 'containers-storage',
  debootstrap: 'debootstrap',
  iptables: 'iptables',
  conntrack: 'conntrack',
  ip: 'iproute2',
  openssl: 'openssl',
  nsenter: 'util-linux',
  setpriv: 'util-linux',
  flock: 'util-linux',
  '/usr/lib/cni/bridge': 'containernetworking-plugins',
};

/** Sentences that say why a cluster cannot run here; empty when it can. What apt-get can install is not counted as missing. */
export async function missingRequirements(): Promise<string[]> {
  const missing: string[] = [];
  if (process.platform !== 'linux')
    missing.push(`Clusters need Linux: they are made of its namespaces and cgroups; this is ${process.platform}.`);
  else if (process.getuid?.() !== 0)
    missing.push('Clusters need root: making network namespaces and mounts is not allowed to other users.');
  else if (!(await writable(await anyHierarchy())))
    missing.push('Clusters need to make cgroups, and /sys/fs/cgroup is not writable here.');
  else {
    const refused = await namespacesRefused();
    if (refused) missing.push(`Clusters need to make namespaces, which is not allowed here: ${refused}.`);
  }
  if (missing.length > 0) return missing;
  const absent = await absentPrograms(packages);
  if (absent.length > 0 && !(await findProgram('apt-get'))) {
    missing.push(`Clusters need the programs ${absent.join(', ')}, and there is no apt-get to install them with.`);
  }
  return missing;
}

/** Root in a container may lack the right; says why, or undefined when it works. */
async function namespacesRefused(): Promise<string | undefined> {
  const args = ['--mount', '--propagation', 'private', '--net', '--pid', '--fork', '--mount-proc', 'true'];
  const error = await command('unshare', args, { timeoutMs: 5000 }).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof CommandError) return error.stderr.trim() || error.message;
  return error === undefined ? undefined : explain(error);
}

/** Version 2 has one hierarchy; of version 1 the memory controller stands for all. */
async function anyHierarchy(): Promise<string> {
  return (await unified()) ? '/sys/fs/cgroup' : '/sys/fs/cgroup/memory';
}

interface Options {
  progress?: Progress;
  signal?: AbortSignal;
}

/** Installs missing Debian packages, or throws with every reason why clusters cannot run here. */
export async function requireEverything(options: Options = {}): Promise<void> {
  completePath();
  const missing = await missingRequirements();
  if (missing.length > 0) throw new Error(`cannot start a cluster. ${missing.join(' ')}`);
  await requirePackages(packages, options);
}

/** The path of Chromium, which the tests of the dashboard look through; installs it when it is missing. */
export async function requireChromium(options: Options = {}): Promise<string> {
  await requirePackages({ chromium: 'chromium' }, options);
  const path = await findProgram('chromium');
  if (path === undefined) throw new Error('cannot find chromium, though its Debian package is installed');
  return path;
}

/** Installs the Debian packages of those programs that are missing; processes that want this at once wait for each other. */
async function requirePackages(wanted: Readonly<Record<string, string>>, options: Options): Promise<void> {
  if ((await absentPrograms(wanted)).length === 0) return;
  await withLock(join(cacheDir(), 'apt.lock'), () => install(wanted, options), options);
}

async function install(wanted: Readonly<Record<string, string>>, options: Options): Promise<void> {
  const absent = await absentPrograms(wanted);
  if (absent.length === 0) return;
  const names = [...new Set(absent.map((program) => wanted[program] ?? program))];
  const step = (options.progress ?? silent).start(`Installing Debian packages (once): ${names.join(' ')}`);
  const signal = options.signal ? { signal: options.signal } : {};
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const args = ['install', '--yes', '--no-install-recommends', '--option=DPkg::Lock::Timeout=300', ...names];
  try {
    await command('apt-get', args, { env, ...signal }).catch(async () => {
      await command('apt-get', ['update', '--option=DPkg::Lock::Timeout=300'], { env, ...signal });
      await command('apt-get', args, { env, ...signal });
    });
    step.done();
  } catch (error) {
    step.failed();
    throw new Error(`cannot install the Debian packages ${names.join(' ')}`, { cause: error });
  }
}

async function absentPrograms(wanted: Readonly<Record<string, string>>): Promise<string[]> {
  const found = await Promise.all(Object.keys(wanted).map(async (program) => [program, await findProgram(program)] as const));
  return found.filter(([, path]) => !path).map(([program]) => program);
}

/** Servers look for iptables and the like on the PATH, which for root may lack the folders that hold them. */
function completePath(): void {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const absent = ['/usr/sbin', '/usr/bin', '/sbin', '/bin'].filter((folder) => !folders.includes(folder));
  if (absent.length > 0) process.env['PATH'] = [...folders, ...absent].join(delimiter);
}

/** The path of a program on the PATH or in the folders for administrators. */
async function findProgram(name: string): Promise<string | undefined> {
  if (name.startsWith('/')) return (await runnable(name)) ? name : undefined;
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  for (const folder of folders) if (await runnable(join(folder, name))) return join(folder, name);
  return undefined;
}

const runnable = (path: string) => allowed(path, constants.X_OK);
const writable = (path: string) => allowed(path, constants.W_OK);

function allowed(path: string, mode: number): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  );
}
