/** The commands, started as a person starts them, and killed as machines kill. */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { checkout } from '../../local/paths.ts';
import { type Record as ClusterRecord, readRecord } from '../../local/record.ts';
import { missingRequirements } from '../../local/requirements.ts';
import { startNode, until } from './alive.ts';
import { hostState, leftOf, namespacesOf } from './traces.ts';

const missing = await missingRequirements();
const name = 'test-of-commands';
const local = (...args: string[]) => startNode([join(checkout, 'local/main.ts'), ...args]);

async function say(...args: string[]): Promise<string> {
  const started = local(...args);
  await started.ended;
  return started.printed();
}

/** Process number of the init of the keeper's machine: the grandchild that is the first process of its namespace. */
async function initOf(record: ClusterRecord): Promise<number> {
  for (const entry of await readdir('/proc')) {
    const line = await readFile(`/proc/${entry}/cmdline`, 'utf8').catch(() => '');
    const status =
      line.includes('atoll-init') && line.includes(`/clusters/${record.name}/`)
        ? await readFile(`/proc/${entry}/status`, 'utf8')
        : '';
    if (/^NSpid:\s+\d+\s+1$/m.test(status)) return Number(entry);
  }
  throw new Error(`cannot find the init process of ${record.name}`);
}

describe('npm run local', { skip: missing.join(' ') || false }, () => {
  after(async () => void (await say('down', name)));

  it('brings a cluster up, shows it, runs kubectl in it, and takes it down without a trace', async () => {
    const host = await hostState();
    const said = await say('up', name, '--gpus', '2');
    assert.match(said, new RegExp(`Cluster ${name} is up`), said);
    assert.match(await say('status'), new RegExp(`Cluster ${name} is up[^]*GPUs +2`));
    assert.match(await say('kubectl', '--cluster', name, 'get', 'nodes'), new RegExp(`${name} +Ready`));
    assert.match(await say('up', name), new RegExp(`cannot start cluster ${name}: it is up already`));
    const record = await readRecord(name);
    assert.ok(record?.up);
    const namespaces = await namespacesOf(await initOf(record));
    assert.match(await say('down', name), /is gone/);
    assert.deepEqual(await leftOf(record.up.wire, namespaces), []);
    assert.deepEqual(await hostState(), host);
    assert.match(await say('down', name), /There is no cluster/);
  });

  it('leaves nothing when the keeper of a cluster is killed by SIGKILL', async () => {
    const host = await hostState();
    await say('up', name);
    const record = await readRecord(name);
    assert.ok(record?.up);
    const namespaces = await namespacesOf(await initOf(record));
    process.kill(record.keeper.pid, 'SIGKILL');
    const { wire } = record.up;
    await until('everything is gone', async () => (await leftOf(wire, namespaces)).length === 0);
    assert.deepEqual(await hostState(), host);
    assert.match(await say('status'), new RegExp(`${name}: crashed`));
    assert.match(await say('down', name), /is gone/);
  });

  it('takes back what was started when the command is killed by SIGKILL in the middle', async () => {
    const host = await hostState();
    const started = local('up', name);
    await until('it boots', async () => started.printed().includes('Booting') || (await readRecord(name)) !== undefined);
    const record = await readRecord(name);
    assert.ok(record);
    started.child.kill('SIGKILL');
    await until('the keeper has cleared up', async () => (await readRecord(name)) === undefined);
    assert.deepEqual(await hostState(), host);
  });

  it('takes back what was started when it is interrupted by Ctrl-C, and says so', async () => {
    const host = await hostState();
    const started = local('up', name);
    await until('it boots', async () => started.printed().includes('Booting'), 60_000);
    started.child.kill('SIGINT');
    await started.ended;
    assert.match(started.printed(), /Stopped\.\s*$/);
    assert.equal(started.child.exitCode, 130);
    assert.equal(await readRecord(name), undefined);
    assert.deepEqual(await hostState(), host);
  });

  it('names what is wrong with its arguments', async () => {
    assert.match(await say('fly'), /cannot fly: there is no such command/);
    assert.match(await say('up', 'No_Good'), /cannot name a cluster No_Good: allowed are/);
    assert.match(await say('up', '--gpus', 'many'), /cannot use --gpus many: allowed is 0 to 1024/);
    assert.match(await say('kubectl', '--cluster', 'nowhere', 'get', 'nodes'), /cannot reach cluster nowhere: it is not up/);
  });
});
