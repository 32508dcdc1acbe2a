/** The gate: hand-written IslandJobs on a real cluster become pods and then manifests that verify, over kills, suspends and deletion. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Cluster, startCluster } from '../../local/cluster.ts';
import { installAtoll, systemNamespace } from '../../local/install.ts';
import { type ObjectStorage, startObjectStorage } from '../../local/object-storage.ts';
import { missingRequirements } from '../../local/requirements.ts';
import type { IslandJob } from '../../src/api/islandjob.ts';
import { decodeManifest, type Manifest } from '../../src/api/manifest.ts';
import { systemClock as clock } from '../../src/clock.ts';

const missing = await missingRequirements();
const namespace = 'research';
const bucket = 'atoll';
const program = await readFile(new URL('trainer.mjs', import.meta.url), 'utf8');

let cluster: Cluster;
let storage: ObjectStorage;

interface Work {
  name: string;
  index: number;
  params?: Record<string, unknown>;
}
const prefixOf = (index: number) => `atoll/research.gate.00000000/experts/00${index}/`;
const marker = (name: string) => `gate-trainer-${name}`;

/** One expert of a run that does not exist: all that the island needs to know is in the IslandJob. */
function manifestOf({ name, index, params = { steps: 40, every: 10, stepMs: 250 } }: Work): object {
  const owner = { kind: 'ExpertTraining', name: 'gate', uid: '00000000-0000-0000-0000-000000000000' };
  return {
    apiVersion: 'atoll.dev/v1alpha1',
    kind: 'IslandJob',
    metadata: { name, namespace },
    spec: {
      island: 'local',
      role: 'Expert',
      work: { namespace, owner, training: 'gate', index, experts: 8 },
      placement: 1,
      container: {
        image: 'localhost/atoll:dev',
        command: ['/usr/local/bin/node', '--input-type=module', '-e', program, marker(name)],
        resources: { cpu: '100m', memory: '128Mi' },
      },
      params,
      output: { store: 'default', prefix: prefixOf(index) },
      grace: { save: '20s', publish: '30s' },
      retry: { maxRestarts: 3, backoff: { initial: '1s', max: '5s' } },
    },
  };
}

const apply = (work: Work) => cluster.kubectl(['apply', '-f', '-'], { input: JSON.stringify(manifestOf(work)) });

async function getJson<T>(...args: string[]): Promise<T> {
  return JSON.parse(
    (await cluster.kubectl(['-n', namespace, 'get', ...args, '--ignore-not-found', '-o', 'json'])).stdout || 'null',
  ) as T;
}
const job = (name: string) => getJson<IslandJob | null>('islandjob', name);

/** Waits for what the cluster brings about. */
async function until<T>(what: string, look: () => Promise<T | undefined | false | null>, limitMs = 120_000): Promise<T> {
  const end = clock.now() + limitMs;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (clock.now() > end) throw new Error(`${what} did not come within ${limitMs / 1000} s\n${await story()}`);
    await clock.sleep(500);
  }
}

/** What a person would look at first. */
async function story(): Promise<string> {
  const ask = (...args: string[]) => cluster.kubectl(args).then(({ stdout }) => stdout, String);
  return [
    await ask('-n', namespace, 'get', 'islandjobs,jobs,pods', '-o', 'wide'),
    await ask(
      '-n',
      namespace,
      'get',
      'islandjobs',
      '-o',
      'jsonpath={range .items[*]}{.metadata.name}{": "}{.status.message}{"\\n"}{.status.attempts}{"\\n"}{end}',
    ),
    await ask('-n', systemNamespace, 'logs', 'deployment/atoll', '--tail=15'),
  ].join('\n');
}

const state = (name: string, wanted: string) =>
  until(`${name} ${wanted}`, async () => {
    const now = await job(name);
    if (now?.status?.state === 'Failed' && wanted !== 'Failed')
      throw new Error(`${name} failed: ${now.status.message}\n${await story()}`);
    return now?.status?.state === wanted && now;
  });
const step = (name: string, at: number) =>
  until(`${name} at step ${at}`, async () => ((await job(name))?.status?.progress?.step ?? 0) >= at);
const published = (name: string) => until(`a checkpoint of ${name}`, async () => (await job(name))?.status?.checkpoint);

/** What the trainer made: the history beside it tells when it was heard, which is never the same. */
const made = ({ files }: Manifest) => files.filter(({ path }) => path !== 'atoll-history.json');

/** Reads the bucket's files behind the gateway's back. */
async function verified(done: IslandJob): Promise<Manifest> {
  const output = done.status?.output;
  assert.ok(output);
  const bytes = await readFile(join(storage.objects, bucket, output.manifest));
  const manifest = decodeManifest(bytes, output.digest);
  for (const file of manifest.files) {
    const path = join(storage.objects, bucket, output.manifest, '..', file.path);
    assert.equal((await stat(path)).size, file.size);
    assert.equal(
      createHash('sha256')
        .update(await readFile(path))
        .digest('hex'),
      file.sha256,
    );
  }
  return manifest;
}

/** Kill -9 of the one process that runs this trainer, from outside of its container. */
function killTrainer(name: string): void {
  const wanted = marker(name);
  const pids = readdirSync('/proc').filter((entry) => {
    if (!/^[0-9]+$/.test(entry)) return false;
    try {
      return readFileSync(`/proc/${entry}/cmdline`, 'utf8').split('\0').includes(wanted);
    } catch {
      return false;
    }
  });
  assert.equal(pids.length, 1, `expected one process of ${wanted}, found ${pids.join(' ')}`);
  process.kill(Number(pids[0]), 'SIGKILL');
}

interface Listed {
  items: { metadata: { name: string; uid: string; labels?: Record<string, string> } }[];
}
/** kubectl prints nothing at all when a selection is empty. */
const listed = async (kinds: string, name: string) =>
  (await getJson<Listed | null>(kinds, '-l', `atoll.dev/island-job=${name}`))?.items ?? [];
const podUids = async (name: string) => (await listed('pods', name)).map(({ metadata }) => metadata.uid);

describe('one IslandJob on a real cluster', { skip: missing.join(' ') || false, concurrency: false }, () => {
  let calm: Manifest;

  before(async () => {
    cluster = await startCluster({ name: 'gate', gpus: 0, images: ['base', 'atoll'] });
    storage = await startObjectStorage({ buckets: [bucket], hosts: ['127.0.0.1', cluster.hostAddress] });
    await installAtoll({
      cluster,
      storage,
      bucket,
      namespaces: [namespace],
      settings: { progressInterval: '1s', pollInterval: '1s' },
    });
  });
  after(async () => {
    await cluster?.stop();
    await storage?.stop();
  });

  it('becomes a pod and then a manifest that verifies', async () => {
    await apply({ name: 'calm', index: 0 });
    const done = await state('calm', 'Succeeded');
    calm = await verified(done);
    assert.deepEqual([calm.placement, calm.attempt, calm.step, calm.final, calm.kind], [1, 1, 40, true, 'Export']);
    assert.deepEqual(
      done.status?.attempts.map(({ class: end, exitCode }) => [end, exitCode]),
      [['Succeeded', 0]],
    );
    assert.equal(done.status?.progress?.step, 40);
  });

  it('killed with -9 resumes from its newest checkpoint, and its result is the same to the bit', async () => {
    await apply({ name: 'rough', index: 1 });
    const checkpoint = await published('rough');
    await step('rough', checkpoint.step + 2);
    killTrainer('rough');
    const done = await state('rough', 'Succeeded');
    assert.deepEqual(
      done.status?.attempts.map(({ class: end, exitCode }) => [end, exitCode]),
      [
        ['Crash', 137],
        ['Succeeded', 0],
      ],
    );
    assert.equal(done.status?.restarts, 1);
    const rough = await verified(done);
    assert.deepEqual(made(rough), made(calm));
    const log = await cluster.kubectl([
      '-n',
      namespace,
      'logs',
      '-l',
      'atoll.dev/island-job=rough,atoll.dev/attempt=2',
      '-c',
      'trainer',
    ]);
    assert.match(log.stdout, /starts at step [1-9]0\n/);
  });

  it('suspended saves, ends its pod, and goes on from there', async () => {
    await apply({ name: 'paused', index: 2 });
    await step('paused', 5);
    await cluster.kubectl(['-n', namespace, 'patch', 'islandjob', 'paused', '--type=merge', '-p', '{"spec":{"suspend":true}}']);
    const suspended = await state('paused', 'Suspended');
    assert.deepEqual(
      [suspended.status?.attempts[0]?.class, suspended.status?.attempts[0]?.exitCode, suspended.status?.restarts],
      ['Disruption', 75, 0],
    );
    assert.ok((suspended.status?.checkpoint?.step ?? 0) >= 5);
    await until('the pod gone', async () => (await podUids('paused')).length === 0);
    await cluster.kubectl(['-n', namespace, 'patch', 'islandjob', 'paused', '--type=merge', '-p', '{"spec":{"suspend":false}}']);
    assert.deepEqual(made(await verified(await state('paused', 'Succeeded'))), made(calm));
  });

  it('is not touched when the operator is killed', async () => {
    await apply({ name: 'steady', index: 3 });
    await state('steady', 'Running');
    const uids = await podUids('steady');
    await cluster.kubectl([
      '-n',
      systemNamespace,
      'delete',
      'pod',
      '-l',
      'app.kubernetes.io/name=atoll',
      '--force',
      '--grace-period=0',
    ]);
    const done = await state('steady', 'Succeeded');
    assert.deepEqual([done.status?.attempts.map(({ podUid }) => podUid), done.status?.attempt], [uids, 1]);
  });

  it('with a wrong configuration fails at once, with what the trainer said', async () => {
    await apply({ name: 'wrong', index: 4, params: { steps: -1 } });
    const { status } = await state('wrong', 'Failed');
    assert.deepEqual([status?.reason, status?.attempt], ['Configuration', 1]);
    assert.match(status?.message ?? '', /steps is -1, must be a positive number/);
  });

  it('whose Job is deleted by hand goes on with the next attempt, uncounted', async () => {
    await apply({ name: 'robbed', index: 5 });
    await step('robbed', 5);
    await cluster.kubectl(['-n', namespace, 'delete', 'job', 'robbed-a1', '--wait=false']);
    const done = await state('robbed', 'Succeeded');
    assert.deepEqual([done.status?.attempt, done.status?.restarts, done.status?.attempts[0]?.class], [2, 0, 'Disruption']);
    assert.deepEqual(made(await verified(done)), made(calm));
  });

  it('started twice for one attempt: the second pod ends with AttemptTaken and publishes nothing', async () => {
    await apply({ name: 'twice', index: 6, params: { steps: 40, every: 10, stepMs: 1000 } });
    await state('twice', 'Running');
    const { items } = await getJson<{ items: [{ metadata: { labels: Record<string, string> }; spec: { nodeName?: string } }] }>(
      'pods',
      '-l',
      'atoll.dev/island-job=twice',
    );
    // Without the labels of its Job, which would adopt it and delete the surplus pod itself.
    const own = Object.entries(items[0].metadata.labels).filter(([label]) => label.startsWith('atoll.dev/'));
    const copy = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'twice-copy', namespace, labels: Object.fromEntries(own) },
      spec: items[0].spec,
    };
    await cluster.kubectl(['apply', '-f', '-'], { input: JSON.stringify(copy) });
    interface Ended {
      status: { initContainerStatuses?: { name: string; state: { terminated?: { exitCode: number } } }[] };
    }
    const claimed = await until('the end of the copy', async () => {
      const found = await getJson<Ended>('pod', 'twice-copy');
      return found.status.initContainerStatuses?.find(({ name }) => name === 'restore')?.state.terminated;
    });
    assert.equal(claimed.exitCode, 3);
    assert.equal((await job('twice'))?.status?.state, 'Running');
    const done = await state('twice', 'Succeeded');
    assert.equal(done.status?.attempt, 1);
    assert.deepEqual(made(await verified(done)), made(calm));
    await cluster.kubectl(['-n', namespace, 'delete', 'pod', 'twice-copy']);
  });

  it('deleted in the middle leaves no Job, pod, ConfigMap, NetworkPolicy or finalizer', async () => {
    await apply({ name: 'gone', index: 7 });
    await state('gone', 'Running');
    await cluster.kubectl(['-n', namespace, 'delete', 'islandjob', 'gone', '--timeout=90s'], { timeoutMs: 100_000 });
    const left = await listed('jobs,pods,configmaps,networkpolicies,islandjobs', 'gone');
    assert.deepEqual(left, []);
  });
});
