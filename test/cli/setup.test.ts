/** What an administrator and a new user begin with: check, init and plan; against a real API server. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { admissionPolicy } from '../../src/api/admission.ts';
import { ExpertTrainingKind } from '../../src/api/experttraining.ts';
import { kinds } from '../../src/api/kinds.ts';
import { deployments } from '../../src/kube/core.ts';
import { Scene } from './scene.ts';
import { CliWorld, namespace } from './world.ts';

let world: CliWorld;
let scene: Scene;
before(async () => {
  world = await CliWorld.start();
  scene = new Scene(world);
});
after(async () => {
  await world?.[Symbol.asyncDispose]();
});
const atoll = (words: string, how: Parameters<CliWorld['run']>[1] = {}) => world.run(words.split(' '), how);

describe('atoll check', () => {
  it('says of a bare hub what is missing, each with a fix', async () => {
    const policies = 'validatingadmissionpolicies,validatingadmissionpolicybindings';
    await world.server.kubectl(['delete', policies, '--selector=app.kubernetes.io/part-of=atoll']);
    const { code, out } = await atoll('check -n research');
    assert.equal(code, 1);
    assert.equal(
      out.replace(/Kubernetes \S+ answers/, 'Kubernetes VERSION answers'),
      `ok       Kubernetes VERSION answers
ok       atoll.dev/v1alpha1 is served with all 5 kinds
wrong    admission policies are missing: atoll-expertdataset-free-form, atoll-experttraining-free-form, atoll-islandjob-free-form
         fix: upgrade the chart with crds.enabled; until then free-form fields may change in place
warning  the hub in atoll-system is not looked at: there is no Deployment atoll-system/atoll
         fix: name its namespace with --hub-namespace, or ask its administrator
ok       store default: bucket atoll at http://10.0.0.9:7070, nothing waits for it
wrong    there is no island
         fix: atoll island add NAME prints how a cluster joins
ok       you may read runs in namespace research
ok       you may make runs in namespace research
ok       you may suspend, retry and move in namespace research
ok       you may read events in namespace research
ok       you may read islands
`,
    );
  });

  it('is content with a whole one', async () => {
    for (const kind of kinds)
      for (const object of admissionPolicy(kind) ?? [])
        await world.server.kubectl(['apply', '-f', '-'], { input: JSON.stringify(object) });
    const labels = { app: 'atoll' };
    const template = { metadata: { labels }, spec: { containers: [{ name: 'atoll', image: 'atoll' }] } };
    const made = await world.client.create(deployments, {
      metadata: { namespace, name: 'atoll', labels: { 'app.kubernetes.io/version': '0.0.0' } },
      spec: { replicas: 2, selector: { matchLabels: labels }, template },
    });
    const status = { replicas: 2, readyReplicas: 2 };
    await world.client.applyStatus(
      deployments,
      { metadata: { namespace, name: 'atoll', uid: made.metadata.uid ?? '' }, status },
      { fieldManager: 'test' },
    );
    await scene.island('east', { total: 8, free: 8 }, { cost: '2' });
    await scene.island('west', { total: 4, free: 1 }, {}, 'Unreachable');
    const { code, out } = await atoll('check -n research', { ahead: 120_000 });
    assert.equal(code, 0, out);
    assert.match(out, /\nok {7}3 admission policies with their bindings\nok {7}the hub 0\.0\.0: 2 of 2 pods are ready\n/);
    assert.match(out, /\nok {7}island east is Ready, 8\/8 GPUs free, 0 works\n/);
    assert.match(out, /\nwarning {2}island west is not heard for 2m; what runs there trains on\n {9}fix: on its cluster: /);
    assert.match((await atoll('check', { screen: 120 })).err, /Next: atoll init/);
  });

  it('says what a user without rights may not, and whom to ask', async () => {
    const { code, out } = await atoll('check -n research', { kubeconfig: await world.user('guest') });
    assert.equal(code, 1);
    assert.match(out, /\nwarning {2}not looked at: cannot list computeislands: /);
    assert.match(
      out,
      /\nwrong {4}you may not read runs in namespace research\n {9}fix: ask an administrator for ClusterRole atoll-view: kubectl /,
    );
  });

  it('says that this is no hub where the kinds are not served', async () => {
    for (const { plural } of kinds) await world.server.kubectl(['get', 'crd', `${plural}.atoll.dev`]);
    const elsewhere = await world.bare();
    try {
      const { code, out } = await atoll('check', { kubeconfig: elsewhere.kubeconfigPath });
      assert.equal(code, 1);
      assert.match(out, /wrong {4}atoll\.dev\/v1alpha1 is not served\n {9}fix: install the chart with role hub here/);
      const ran = await atoll('get runs', { kubeconfig: elsewhere.kubeconfigPath });
      assert.match(ran.err, /the kinds of Atoll are not served there: is this the cluster of the hub\?/);
    } finally {
      await elsewhere.stop();
    }
  });
});

describe('atoll island check', () => {
  it('says what is wrong with one island', async () => {
    const good = await atoll('island check east');
    assert.deepEqual([good.code, good.out.split('\n')[0]], [0, 'ok       island east is Ready, 8/8 GPUs free, 0 works']);
    assert.match(good.out, /warning {2}version 0\.1\.0 is newer than the hub\n {9}fix: upgrade the hub/);
    const bad = await atoll('island check west');
    assert.equal(bad.code, 1);
    assert.match(bad.out, /^wrong {4}island west is not heard/);
    assert.match((await atoll('island check wset')).err, /cannot find an island wset: there are east, west; did you mean west\?/);
  });
});

describe('atoll init', () => {
  it('writes objects with comments that the API server takes as they are', async () => {
    const { code, out, err } = await atoll(
      'init faces --experts 8 --data raw/faces/ --gpu-product H100 --island-label zone=eu -n research',
    );
    assert.deepEqual([code, err], [0, '']);
    assert.equal(
      out,
      `# Where the data is, and how it is cut into one shard for each expert. It cannot change later: make another one instead.
apiVersion: atoll.dev/v1alpha1
kind: ExpertDataset
metadata: { name: faces, namespace: research }
spec:
  source: {store: default, prefix: raw/faces/, format: Npz}
  storage: {store: default, prefix: atoll/}
  partition:
    experts: 8      # K
    method: Clusters      # Clusters: by what samples look like; Labels: by label; Random
    clusters: {fine: 64}      # fine k-means centroids, at least experts; then grouped into shards
    maxSkew: 4      # a largest shard of more than this times the smallest waits for spec.approve
---
# K experts that never exchange a byte, a router that weighs them, and the evaluation of the ensemble.
apiVersion: atoll.dev/v1alpha1
kind: ExpertTraining
metadata: { name: faces, namespace: research }
spec:
  dataset: faces
  storage: {store: default, prefix: atoll/}
  expert:
    resources:      # of each expert; requests and limits are the same
      cpu: "4"
      memory: 16Gi      # the container is killed above it
      gpus: 1
      gpuProduct: H100
    params: {steps: 1500, globalBatch: 256}      # handed to the trainer as they are; an expert sees globalBatch / experts a step
    checkpoint: {keep: 2}      # beside the final one
    retry: {maxRestarts: 3}      # counted failures; disruptions are not counted
  placement:
    islands: {matchLabels: { zone: eu }}      # islands that may be used
  router:
    resources: {cpu: "4", memory: 16Gi}
  evaluation:
    resources: {cpu: "4", memory: 16Gi}
  # completion: {minExperts: 1}      # go on with fewer experts when others are blocked
  # deadline: 72h
`,
    );
    assert.equal(parseAllDocuments(out).length, 2);
    const { stdout } = await world.server.kubectl(['apply', '--dry-run=server', '-f', '-'], { input: out });
    assert.match(stdout, /experttraining\.atoll\.dev\/faces created \(server dry run\)/);
  });

  for (const [flags, message] of [
    ['', /--experts is missing/],
    ['--experts many', /--experts "many" is no whole number of at least 1/],
    ['--experts 300 --global-batch 512', /--experts "300": /],
    ['--experts 4 --global-batch 2', /--global-batch 2 is smaller than --experts 4/],
    ['--experts 4 --method Magic', /--method "Magic": /],
    ['--experts 4 --memory lots', /--memory "lots": must be a number of bytes such as 512Mi/],
    ['--experts 4 --cpu fast', /--cpu "fast": must be a number of CPUs/],
    ['--experts 4 --data raw', /--data "raw": must be empty or end with "\/"/],
    ['--experts 4 --gpus 0 --gpu-product H100', /--gpu-product needs --gpus of at least 1/],
    ['--experts 4 --island-label eu', /--island-label "eu" is no KEY=VALUE/],
  ] as const)
    it(`refuses "${flags}"`, async () => {
      const ran = await atoll(`init faces ${flags}`.trim());
      assert.deepEqual([ran.code, ran.out], [2, '']);
      assert.match(ran.err, message);
    });
  it('refuses a name that no object may have', async () => {
    assert.match((await atoll('init Faces_8 --experts 4')).err, /"Faces_8" is no name of a run/);
  });
});

describe('atoll plan', () => {
  const written = async (flags: string): Promise<string> => {
    const file = world.file('run.yaml');
    await writeFile(file, (await atoll(`init new --experts 3 ${flags}`.trim())).out);
    return file;
  };

  it('says where each expert of a new run would go, and stores nothing', async () => {
    const { code, out } = await atoll(`plan -n research -f ${await written('')}`);
    assert.equal(code, 0);
    assert.equal(
      out,
      `Run new (new)
WORK         PODS   GPUS   CPU   MEMORY   ISLAND   COST/H   STATE         WHY
data set     1      0      1     2Gi      east              would start
expert 0     1      1      4     16Gi     east     2.00     would start   after the data set
expert 1     1      1      4     16Gi     east     2.00     would start   after the data set
expert 2     1      1      4     16Gi     east     2.00     would start   after the data set
router       1      0      4     16Gi     east              would start   after the data set
evaluation   1      0      4     16Gi     east              would start   after experts and router
3 of 3 experts have an island: 3 pods, 3 GPUs, 6.00 an hour.
`,
    );
    assert.equal(await world.client.get(ExpertTrainingKind, { namespace: 'research', name: 'new' }), undefined);
  });

  it('counts the experts before each: the last finds no room, and says why', async () => {
    const { code, out } = await atoll(`plan -n research -f ${await written('--gpus 2')}`);
    assert.equal(code, 1);
    assert.match(
      out,
      /\nexpert 1 +1 +2 +4 +16Gi +east +4\.00 +would start .*\nexpert 2 +1 +2 +4 +16Gi +none +QuotaExceeded +namespace research uses 4 of the 4 GPUs/,
    );
    assert.match(out, /2 of 3 experts have an island: 2 pods, 4 GPUs, 8\.00 an hour\.\n$/);
    const [plan] = JSON.parse((await atoll(`plan -n research -f ${world.file('run.yaml')} -o json`)).out) as {
      works: { work: string; reason?: string }[];
    }[];
    assert.deepEqual(
      plan?.works.filter(({ reason }) => reason !== undefined).map(({ work, reason }) => [work, reason]),
      [['expert 2', 'QuotaExceeded']],
    );
  });

  it('says what the API server would refuse', async () => {
    const file = world.file('wrong.yaml');
    await writeFile(file, (await atoll('init new --experts 3')).out.replace('keep: 2', 'keep: 0'));
    const ran = await atoll(`plan -n research -f ${file}`);
    assert.equal(ran.code, 1);
    assert.match(ran.err, /ExpertTraining new would be refused: .*spec\.expert\.checkpoint\.keep/);
  });

  it('says where the experts of a run are, and where those that wait would go', async () => {
    await scene.dataset(2);
    const run = await scene.run('there', { expert: { resources: { cpu: '1', memory: '1Gi', gpus: 1 } } }, { state: 'Running' });
    await scene.expert(run, 0, { state: 'Running', island: 'west', placement: 1 });
    const { code, out } = await atoll('plan there -n research');
    assert.equal(code, 0);
    assert.match(
      out,
      /^Run there\n.*\ndata set .* Accepted\nexpert 0 +1 +1 +1 +1Gi +west +Running\nexpert 1 +1 +1 +1 +1Gi +east +2\.00 +would start\n/,
    );
  });

  it('refuses a file that cannot be read, and one without an object of Atoll', async () => {
    assert.match((await atoll('plan -f /nowhere.yaml')).err, /cannot read \/nowhere.yaml: ENOENT/);
    const file = world.file('other.yaml');
    await writeFile(file, 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n');
    assert.match((await atoll(`plan -f ${file}`)).err, /it holds no atoll\.dev\/v1alpha1 object with a name/);
    assert.equal((await atoll('plan')).code, 2);
  });
});
