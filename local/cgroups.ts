/** The cgroup that the pods of one machine live in, on hosts with cgroup version 1 or 2. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const root = '/sys/fs/cgroup';

/**
 * What all pods of a machine together weigh against one process of the host, as a multiple. With 1, which is the default, a compiler
 * with fifteen processes beside a cluster leaves the whole cluster a sixteenth of the CPUs, and healthy pods miss their probes.
 */
const weight = 8;

/** Whether the host has the single hierarchy of cgroup version 2. */
export async function unified(): Promise<boolean> {
  return readFile(join(root, 'cgroup.controllers'), 'utf8').then(
    () => true,
    () => false,
  );
}

/** Makes `/<name>` in every hierarchy, with the controllers that the kubelet needs. */
export async function makeCgroups(name: string): Promise<void> {
  if (await unified()) {
    await mkdir(join(root, name), { recursive: true });
    for (const folder of [root, join(root, name)]) await enableControllers(folder);
    await writeFile(join(root, name, 'cpu.weight'), String(100 * weight));
    return;
  }
  for (const hierarchy of await hierarchies()) await mkdir(join(hierarchy, name), { recursive: true });
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    // A new cpuset of version 1 is empty, and no process may enter an empty one.
    const value = await readFile(join(root, 'cpuset', file), 'utf8').catch(() => undefined);
    if (value) await writeFile(join(root, 'cpuset', name, file), value);
  }
  await writeFile(join(root, 'cpu', name, 'cpu.shares'), String(1024 * weight));
}

/** Gives the children of a version 2 cgroup the controllers that the kubelet asks for, as far as the kernel has them. */
async function enableControllers(folder: string): Promise<void> {
  const words = async (file: string) => (await readFile(join(folder, file), 'utf8')).trim().split(' ');
  const [available, enabled] = await Promise.all([words('cgroup.controllers'), words('cgroup.subtree_control')]);
  const lacking = ['cpu', 'cpuset', 'memory', 'pids', 'io', 'hugetlb'].filter(
    (one) => available.includes(one) && !enabled.includes(one),
  );
  for (const controller of lacking) {
    await writeFile(join(folder, 'cgroup.subtree_control'), `+${controller}`).catch((error: unknown) => {
      throw new Error(`cannot enable the controller ${controller} for the children of ${folder}`, { cause: error });
    });
  }
}

/** The folders of version 1, each controller once (`cpu` may be a link to `cpu,cpuacct`). */
export async function hierarchies(): Promise<string[]> {
  const entries = await readdir(root, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map((entry) => join(root, entry.name));
}

/** Removes the cgroup `$1` and all below it from every hierarchy; waits up to ten seconds for the last process in it to be gone. */
export const removeCgroupsScript = `
for i in $(seq 100); do
  left=
  for folder in ${root}/"$1" ${root}/*/"$1"; do
    [ -d "$folder" ] || continue
    find "$folder" -depth -type d -exec rmdir {} + 2>/dev/null
    [ -d "$folder" ] && left=yes
  done
  [ -z "$left" ] && break
  sleep 0.1
done
`;
