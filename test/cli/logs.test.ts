/** Logs and the dashboard's address through a server that answers as the dashboard does. */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { Scene } from './scene.ts';
import { CliWorld } from './world.ts';

let world: CliWorld;
let server: Server;
let scene: Scene;
let url: string;
const asked: string[] = [];

before(async () => {
  world = await CliWorld.start();
  scene = new Scene(world);
  const run = await scene.run('digits', {}, { state: 'Running' });
  for (const index of [0, 1]) await scene.expert(run, index, { state: 'Running', island: 'west', placement: 1, attempt: 1 }, 2);
  server = createServer(({ url: path = '', headers }, response) => {
    asked.push(`${headers.authorization} ${path}`);
    const problem = (status: number, message: string) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ code: 'NotFound', message }));
    if (headers.authorization !== 'Bearer mine') problem(401, 'sign in first: this token is not known');
    else if (path === '/api/session') response.end('{}');
    else if (path.includes('/works/expert-001/')) problem(404, 'cannot find this log: the work has no such placement now');
    else if (path.includes('follow=1')) {
      response.write('step 1\n');
      setImmediate(() => response.end('step 2\n'));
    } else response.end(`log of ${path.split('/')[7]}\n`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(async () => {
  server?.close();
  await world?.[Symbol.asyncDispose]();
});

const atoll = (words: string, how: Parameters<CliWorld['run']>[1] = {}) =>
  world.run([...words.split(' '), '-n', 'research', '--dashboard', url, '--token', 'mine'], how);

describe('atoll logs', () => {
  it('prints the log of one expert, asked for with the user’s token', async () => {
    assert.deepEqual(await atoll('logs digits -e 0'), { code: 0, out: 'log of expert-000\n', err: '' });
    assert.equal(asked.at(-1), 'Bearer mine /api/namespaces/research/runs/digits/works/expert-000/log');
  });

  it('follows one, and passes on which attempt, container, pod and how many lines', async () => {
    const { out } = await atoll('logs @latest --router -f --attempt p2a1 --container courier --member 1 --tail 9');
    assert.equal(out, 'step 1\nstep 2\n');
    assert.match(asked.at(-1) ?? '', /works\/router\/log\?attempt=p2a1&member=1&tail=9&container=courier&follow=1$/);
  });

  it('prints that of the partition of the data set', async () => {
    await scene.dataset(2);
    assert.equal((await atoll('logs digits --partition --tail 7')).code, 0);
    assert.equal(asked.at(-1), 'Bearer mine /api/namespaces/research/datasets/digits/log?tail=7');
  });

  it('says what the hub says when there is none', async () => {
    const ran = await atoll('logs digits -e 1');
    assert.deepEqual([ran.code, ran.out, ran.err], [1, '', 'atoll: cannot find this log: the work has no such placement now\n']);
  });

  it('writes all that there are into a folder, and names those that there are not', async () => {
    const dir = world.file('logs');
    const ran = await atoll(`logs digits --all -o ${dir}`);
    assert.equal(ran.code, 0);
    assert.match(ran.err, /^atoll: expert-001: cannot find this log/);
    assert.deepEqual((await readdir(dir)).toSorted(), ['evaluation.log', 'expert-000.log', 'router.log']);
    assert.equal(await readFile(`${dir}/expert-000.log`, 'utf8'), 'log of expert-000\n');
  });

  for (const [words, code, message] of [
    ['logs digits', 2, /name one work: -e N, --router, --evaluation or --partition/],
    ['logs digits -e 0 --attempt 2', 2, /--attempt "2" is no placement and attempt such as p2a1/],
    ['logs digits -e 0 --container sidecar', 2, /--container "sidecar" is not one of trainer, restore, courier/],
    ['logs digits --all', 2, /--all and -o DIR belong together/],
    ['logs digits -e 7', 1, /cannot find expert 7 of run digits: there are 0 to 1/],
  ] as const)
    it(`refuses "${words}"`, async () => {
      const ran = await atoll(words);
      assert.equal(ran.code, code);
      assert.match(ran.err, message);
    });

  it('says how to get a token when the kubeconfig has only a certificate, and what is missing for a port-forward', async () => {
    const bare = await world.run(['logs', 'digits', '-e', '0', '-n', 'research']);
    assert.equal(bare.code, 1);
    assert.match(bare.err, /cannot sign in: the kubeconfig has no token of yours, only a certificate; give one with --token/);
    const without = await world.run(['logs', 'digits', '-e', '0', '-n', 'research', '--token', 'mine']);
    assert.match(without.err, /cannot open the dashboard: no pod of the hub is ready in atoll-system; atoll check says more/);
  });
});

describe('atoll ui', () => {
  it('prints the address once the token is taken, and ends with Ctrl-C', async () => {
    const stop = new AbortController();
    const ran = await atoll('ui --no-browser', {
      signal: stop.signal,
      saw: ({ out }) => out !== '' && stop.abort(new Error('stopped by SIGINT')),
    });
    assert.deepEqual([ran.code, ran.out], [130, `${url}/\n`]);
    assert.doesNotMatch(`${ran.out}${ran.err}`, /mine/);
  });

  it('says that the token is not known', async () => {
    const ran = await world.run(['ui', '--dashboard', url, '--token', 'other']);
    assert.deepEqual([ran.code, ran.err], [1, 'atoll: sign in first: this token is not known\n']);
    assert.match(
      (await world.run(['ui', '--dashboard', 'http://127.0.0.1:1', '--token', 'x'])).err,
      /cannot reach the dashboard at http:\/\/127\.0\.0\.1:1\/: /,
    );
  });
});
