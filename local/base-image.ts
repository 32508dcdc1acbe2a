/** The root file system that all images stand on: a minimal Debian made by debootstrap. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { command } from './command.ts';
import { isolated } from './isolated.ts';

/** Everything that decides what comes out. */
export const baseKey = ['bookworm', 'minbase', 'ca-certificates'];

/** Makes a folder with the file system as `base.tar` and its Dockerfile; the caller removes it. */
export async function baseContext(parent: string, detail: (text: string) => void, signal?: AbortSignal): Promise<string> {
  const [suite = '', variant = '', include = ''] = baseKey;
  const context = await mkdtemp(join(parent, 'base-'));
  try {
    const root = join(context, 'root');
    const mirror = await hostMirror(suite);
    await isolated('debootstrap', [`--variant=${variant}`, `--include=${include}`, suite, root, ...(mirror ? [mirror] : [])], {
      onLine: (line) => detail(line.replace(/^[IW]: /, '')),
      ...(signal ? { signal } : {}),
    });
    const skip = ['--exclude=./dev/*', '--exclude=./var/cache/apt/archives/*.deb', '--exclude=./var/lib/apt/lists/*'];
    await command(
      'tar',
      ['--create', `--file=${join(context, 'base.tar')}`, `--directory=${root}`, ...skip, '.'],
      signal ? { signal } : {},
    );
    await rm(root, { recursive: true, force: true });
    await writeFile(join(context, 'Dockerfile'), 'FROM scratch\nADD base.tar /\nCMD ["/bin/sh"]\n');
    return context;
  } catch (error) {
    await rm(context, { recursive: true, force: true });
    throw error;
  }
}

/** The mirror that this machine's own apt takes the suite from; undefined leaves the choice to debootstrap. */
async function hostMirror(suite: string): Promise<string | undefined> {
  const args = ['indextargets', '--format', '$(ORIGIN) $(CODENAME) $(REPO_URI)', 'Created-By: Packages'];
  const lines = await command('apt-get', args).catch(() => undefined);
  const line = lines?.stdout.split('\n').find((one) => one.startsWith(`Debian ${suite} `));
  return line?.split(' ')[2];
}
