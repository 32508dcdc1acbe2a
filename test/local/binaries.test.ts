/** Finding and compiling the server programs, with a stand-in for Go that writes down when it works. */
import assert from 'node:assert/strict';
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { checkout } from '../../local/paths.ts';
import { source, startNode, until } from './alive.ts';

/** Compiles by sleeping: appends `begin` and `end` with the package to $GO_LOG, fails for kubectl when $GO_FAILS is set. */
const fakeGo = `#!/bin/sh
[ "$1" = version ] && { echo go version go1.99 test; exit 0; }
while [ "$1" != -o ]; do shift; done
echo "begin $3" >>"$GO_LOG"
sleep 0.3
[ -n "$GO_FAILS" ] && { echo "$3: does not compile" >&2; exit 1; }
echo "#!/bin/sh" >"$2"; chmod 755 "$2"
echo "end $3" >>"$GO_LOG"
`;

describe('the server programs', () => {
  let folder = '';
  let log = '';
  let cache = '';
  const ask = (names: readonly string[], env: Record<string, string> = {}) =>
    startNode(
      source(`import { binaries } from ${JSON.stringify(join(checkout, 'local/binaries.ts'))};
        try { console.log(JSON.stringify(await binaries(${JSON.stringify(names)}))); }
        catch (error) { console.log('ERROR', error.message, error.cause?.message); }`),
      { ATOLL_ASSETS: '', ATOLL_CACHE: cache, GO_LOG: log, PATH: `${folder}:${process.env['PATH']}`, ...env },
    );

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'atoll-binaries-'));
    log = join(folder, 'log');
    await writeFile(join(folder, 'go'), fakeGo);
    await chmod(join(folder, 'go'), 0o755);
    cache = join(folder, 'cache');
  });
  after(async () => rm(folder, { recursive: true, force: true }));

  it('are compiled once when two processes want them at the same time', async () => {
    const both = [ask(['etcd', 'kubectl']), ask(['kubectl', 'etcd'])];
    await Promise.all(both.map(({ ended }) => ended));
    const paths = both.map(({ printed }) => JSON.parse(printed()) as Record<string, string>);
    assert.deepEqual(paths[0], paths[1]);
    const lines = (await readFile(log, 'utf8')).trim().split('\n');
    const etcd = 'go.etcd.io/etcd/server/v3';
    const kubectl = 'k8s.io/kubernetes/cmd/kubectl';
    assert.deepEqual(lines, [`begin ${etcd}`, `end ${etcd}`, `begin ${kubectl}`, `end ${kubectl}`]);
  });

  it('are compiled by the one that waits when the one that works is killed', async () => {
    const began = async () => (await readFile(log, 'utf8')).includes('begin k8s.io/kubernetes/cmd/kubelet');
    const first = ask(['kubelet']);
    await until('the first compiles', began);
    const second = ask(['kubelet']);
    first.child.kill('SIGKILL');
    await second.ended;
    assert.match(second.printed(), /"kubelet":/);
    const path = (JSON.parse(second.printed()) as { kubelet: string }).kubelet;
    await until('only the program is there', async () => (await readdir(join(path, '..'))).join() === 'kubelet');
  });

  it('that do not compile leave nothing behind, and the error says which and why', async () => {
    const failing = ask(['kube-proxy'], { GO_FAILS: 'yes' });
    await failing.ended;
    assert.match(failing.printed(), /^ERROR cannot compile kube-proxy from local\/go\/kubernetes/);
    assert.match(failing.printed(), /does not compile/);
    const left = (await readdir(join(cache, 'bin'), { recursive: true })).filter((name) => name.includes('kube-proxy/'));
    assert.deepEqual(left, []);
  });

  it('are taken from ATOLL_ASSETS, and a missing one is named', async () => {
    await writeFile(join(folder, 'etcd'), '');
    await chmod(join(folder, 'etcd'), 0o755);
    const found = ask(['etcd'], { ATOLL_ASSETS: folder });
    const missing = ask(['etcd', 'kubelet'], { ATOLL_ASSETS: folder });
    await Promise.all([found.ended, missing.ended]);
    assert.deepEqual(JSON.parse(found.printed()), { etcd: join(folder, 'etcd') });
    assert.match(missing.printed(), /^ERROR cannot use ATOLL_ASSETS=\S+: it holds no executable kubelet\./);
  });
});
