/** Finds the server programs that clusters are made of, or compiles them once from the Go modules in `local/go`. */
import { createHash } from 'node:crypto';
import { access, constants, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandError, command } from './command.ts';
import { withLock } from './lock.ts';
import { cacheDir, checkout } from './paths.ts';
import { duration, type Progress, silent } from './progress.ts';

const version = 'k8s.io/component-base/version';
const kubernetesFlags = `-s -w -X ${version}.gitVersion=v1.35.4 -X ${version}.gitMajor=1 -X ${version}.gitMinor=35`;

interface Source {
  /** Folder under `local/go` that holds its go.mod and go.sum, and a program of our own where the package is `.`. */
  module: string;
  package: string;
  ldflags: string;
  /** Rough seconds that a first build takes on two cores, after the ones before it in this table. */
  seconds: number;
}

const kubernetes = (name: string, seconds: number): Source => ({
  module: 'kubernetes',
  package: `k8s.io/kubernetes/cmd/${name}`,
  ldflags: kubernetesFlags,
  seconds,
});

const sources = {
  'kube-apiserver': kubernetes('kube-apiserver', 225),
  etcd: { module: 'kubernetes', package: 'go.etcd.io/etcd/server/v3', ldflags: '-s -w', seconds: 10 },
  kubectl: kubernetes('kubectl', 25),
  'kube-controller-manager': kubernetes('kube-controller-manager', 60),
  'kube-scheduler': kubernetes('kube-scheduler', 6),
  kubelet: kubernetes('kubelet', 20),
  'kube-proxy': kubernetes('kube-proxy', 10),
  versitygw: { module: 'versitygw', package: 'github.com/versity/versitygw/cmd/versitygw', ldflags: '-s -w', seconds: 60 },
  'nats-server': { module: 'nats', package: 'github.com/nats-io/nats-server/v2', ldflags: '-s -w', seconds: 20 },
  helm: {
    module: 'helm',
    package: 'helm.sh/helm/v4/cmd/helm',
    ldflags: '-s -w -X helm.sh/helm/v4/internal/version.version=v4.3.1',
    seconds: 90,
  },
  coredns: { module: 'coredns', package: '.', ldflags: '-s -w', seconds: 30 },
} satisfies Record<string, Source>;

export type BinaryName = keyof typeof sources;
export const binaryNames = Object.keys(sources) as readonly BinaryName[];

export interface BinariesOptions {
  progress?: Progress;
  signal?: AbortSignal;
}

/**
 * The paths of the named programs. With `ATOLL_ASSETS` set they are taken from that folder; otherwise from the cache, where those that
 * are missing are compiled first. Only one process compiles at a time; the others wait and then find the result.
 */
export async function binaries<Name extends BinaryName>(
  names: readonly Name[],
  options: BinariesOptions = {},
): Promise<Record<Name, string>> {
  const assets = process.env['ATOLL_ASSETS'];
  const paths = assets ? await given(assets, names) : await cached(names, options);
  return Object.fromEntries(paths) as Record<Name, string>;
}

async function given<Name extends BinaryName>(folder: string, names: readonly Name[]): Promise<[Name, string][]> {
  const paths = names.map((name): [Name, string] => [name, join(folder, name)]);
  const missing: string[] = [];
  for (const [name, path] of paths) if (!(await executable(path))) missing.push(name);
  if (missing.length === 0) return paths;
  throw new Error(
    `cannot use ATOLL_ASSETS=${folder}: it holds no executable ${missing.join(', ')}. Put it there, or unset ATOLL_ASSETS to have it compiled`,
  );
}

async function cached<Name extends BinaryName>(names: readonly Name[], options: BinariesOptions): Promise<[Name, string][]> {
  const go = await goVersion();
  const paths = await Promise.all(names.map(async (name): Promise<[Name, string]> => [name, await cachePath(name, go)]));
  const missing = async () => {
    const found = await Promise.all(paths.map(async ([, path]) => executable(path)));
    return paths.filter((_, index) => !found[index]);
  };
  if ((await missing()).length === 0) return paths;
  const progress = options.progress ?? silent;
  const lock = {
    ...options,
    onWait: () => progress.say('Another process is compiling the Kubernetes programs; waiting for it.'),
  };
  await withLock(
    join(cacheDir(), 'bin', 'build.lock'),
    async () => {
      const left = (await missing()).toSorted(([a], [b]) => binaryNames.indexOf(a) - binaryNames.indexOf(b));
      if (left.length > 0) await compileAll(left, progress, options.signal);
    },
    lock,
  );
  return paths;
}

async function compileAll(wanted: [BinaryName, string][], progress: Progress, signal?: AbortSignal): Promise<void> {
  const seconds = wanted.reduce((sum, [name]) => sum + sources[name].seconds, 0);
  progress.say(
    `Compiling ${wanted.map(([name]) => name).join(', ')}: about ${duration(seconds * 1000)} on two cores, once per machine (kept in ${join(cacheDir(), 'bin')}).`,
  );
  for (const [index, [name, path]] of wanted.entries()) {
    const step = progress.start(
      `Compiling ${name} (${index + 1} of ${wanted.length}, about ${duration(sources[name].seconds * 1000)})`,
    );
    try {
      await compile(sources[name], path, (text) => step.detail(text), signal);
      step.done();
    } catch (error) {
      step.failed();
      throw new Error(`cannot compile ${name} from local/go/${sources[name].module}`, { cause: error });
    }
  }
}

async function compile(source: Source, path: string, detail: (text: string) => void, signal?: AbortSignal): Promise<void> {
  await rm(join(path, '..'), { recursive: true, force: true }); // what a killed build left: the lock is ours
  await mkdir(join(path, '..'), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  let packages = 0;
  try {
    const args = ['build', '-v', '-trimpath', '-ldflags', source.ldflags, '-o', temporary, source.package];
    await command('setpriv', ['--pdeathsig', 'KILL', '--', 'go', ...args], {
      cwd: join(checkout, 'local/go', source.module),
      env: { CGO_ENABLED: '0', GOFLAGS: '-mod=readonly', GOWORK: 'off' },
      onLine: (line) => detail(line.startsWith('go: ') ? line.slice(4) : `${++packages} packages, now ${line}`),
      ...(signal ? { signal } : {}),
    });
    await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
}

/** The key holds everything that decides what comes out, so that a change of any of it compiles anew. */
async function cachePath(name: BinaryName, go: string): Promise<string> {
  const source = sources[name];
  const folder = join(checkout, 'local/go', source.module);
  const hash = createHash('sha256').update(`${go}\n${source.package}\n${source.ldflags}\nCGO_ENABLED=0 -trimpath\n`);
  for (const file of (await readdir(folder)).toSorted()) hash.update(await readFile(join(folder, file)));
  return join(cacheDir(), 'bin', `${name}-${hash.digest('hex').slice(0, 12)}`, name);
}

async function goVersion(): Promise<string> {
  try {
    return (await command('go', ['version'])).stdout.trim();
  } catch (error) {
    if (error instanceof CommandError && error.code !== undefined) throw error;
    throw new Error(
      'cannot compile the Kubernetes programs: there is no Go on the PATH. Install Go 1.26 or newer, or set ATOLL_ASSETS to a folder with prebuilt programs',
      { cause: error },
    );
  }
}

async function executable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
