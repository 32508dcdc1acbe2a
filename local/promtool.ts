/** promtool, Prometheus' own checker of metrics and rules: the machine's, or taken out of Debian's package without installing that. */
import { mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandError, type CommandOptions, type CommandOutput, command } from './command.ts';
import { withLock } from './lock.ts';
import { cacheDir } from './paths.ts';

/** Runs promtool; rejects with what it printed when it finds something wrong. */
export async function promtool(args: readonly string[], options: CommandOptions = {}): Promise<CommandOutput> {
  return await command(await findPromtool(), args, options);
}

async function findPromtool(): Promise<string> {
  if (await runs('promtool')) return 'promtool';
  const path = join(cacheDir(), 'bin/promtool');
  if (await runs(path)) return path;
  await withLock(join(cacheDir(), 'promtool.lock'), async () => {
    if (!(await runs(path))) await unpack(path);
  });
  return path;
}

const runs = (program: string): Promise<boolean> =>
  command(program, ['--version']).then(
    () => true,
    (error: unknown) => {
      if (error instanceof CommandError) return false;
      throw error;
    },
  );

/** An installed package would start a server of its own; so it is downloaded and only this one file of it is kept. */
async function unpack(path: string): Promise<void> {
  const folder = await mkdtemp(join(cacheDir(), 'promtool-'));
  try {
    const download = () => command('apt-get', ['download', 'prometheus'], { cwd: folder });
    await download().catch(async () => {
      await command('apt-get', ['update', '--option=DPkg::Lock::Timeout=300']);
      await download();
    });
    const archive = (await readdir(folder)).find((name) => name.endsWith('.deb')) ?? '';
    await command('dpkg-deb', ['--extract', join(folder, archive), folder]);
    await rename(join(folder, 'usr/bin/promtool'), path);
  } catch (cause) {
    throw new Error('cannot get promtool: put it on the PATH, or let apt-get download the package prometheus', { cause });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
