/** The administrator's commands against a real API server and a real NATS server that runs from what they wrote. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { ComputeIslandKind } from '../../src/api/computeisland.ts';
import { ExpertTrainingKind } from '../../src/api/experttraining.ts';
import { type IslandJob, IslandJobKind, type JobState } from '../../src/api/islandjob.ts';
import { uid8 } from '../../src/api/keys.ts';
import { finalizers, islandAnnotations } from '../../src/api/labels.ts';
import { deployments, events, secrets } from '../../src/kube/core.ts';
import { islandSubjects } from '../../src/link/subjects.ts';
import { spec } from '../island/builders.ts';
import { CliWorld, namespace } from './world.ts';

let world: CliWorld;
before(async () => {
  world = await CliWorld.start();
});
after(async () => {
  await world?.[Symbol.asyncDispose]();
});

const add = (name: string, more = '') => world.atoll(`island add ${name} --out ${world.file(`${name}.yaml`)}${more}`);
const userOf = async (name: string) => (await world.island(name))?.metadata.annotations?.[islandAnnotations.linkUser];

/** An IslandJob as the hub makes it, standing where the island says it stands. */
async function job(name: string, island: string, state: JobState): Promise<IslandJob> {
  const made = await world.client.create(IslandJobKind, {
    metadata: { namespace: 'research', name, finalizers: [finalizers.island] },
    spec: spec({ island }),
  });
  const status = { revision: 1, state, ...(state === 'Stopped' ? { stopped: stopped() } : {}) };
  const { uid = '' } = made.metadata;
  const applied = { metadata: { namespace: 'research', name, uid }, status };
  return await world.client.applyStatus(IslandJobKind, applied, { fieldManager: 'atoll-island' });
}
const stopped = () => ({ at: '2026-11-26T06:00:00Z', attempt: 1, reason: 'Stopped' });
const jobNamed = (name: string) => world.client.get(IslandJobKind, { namespace: 'research', name });

describe('before the hub is installed', () => {
  it('adding an island says what is missing, by name', async () => {
    const ran = await add('paris');
    assert.equal(ran.code, 1);
    assert.match(ran.err, /cannot find the hub in the namespace atoll-system: there is no Secret atoll-link-keys/);
    const elsewhere = await add('paris', ' --namespace research');
    assert.match(elsewhere.err, /there is no ConfigMap atoll .*--namespace/);
    assert.equal(await world.island('paris'), undefined);
  });
});

describe('atoll link init', () => {
  const run = (more = '') => world.atoll(`link init --host 127.0.0.1 --config-dir ${world.dir}${more}`);

  it('makes three Secrets', async () => {
    const ran = await run();
    assert.deepEqual([ran.code, ran.err], [0, '']);
    const keys = ['ca.crt', 'ca.key', 'account.seed', 'operator.seed', 'system.seed', 'revoked.json'].toSorted();
    assert.deepEqual(Object.keys(await world.secret('atoll-link-keys')).toSorted(), keys);
    assert.deepEqual(Object.keys(await world.secret('atoll-hub-link')).toSorted(), ['ca.crt', 'hub.creds']);
    const server = ['accounts.conf', 'ca.crt', 'nats.conf', 'tls.crt', 'tls.key'];
    assert.deepEqual(Object.keys(await world.secret('atoll-nats')).toSorted(), server);
    for (const text of Object.values(await world.secret('atoll-nats'))) assert.doesNotMatch(text, /^S[OAU][A-Z2-7]{56}/m);
  });

  it('keeps everything the next time, byte for byte', async () => {
    const versions = async () =>
      (await world.client.list(secrets, { namespace })).items.map(({ metadata }) => metadata.resourceVersion);
    const first = await versions();
    assert.equal((await run()).code, 0);
    assert.deepEqual(await versions(), first);
  });

  it('makes only the certificate anew when the hosts change', async () => {
    const [earlier, keys] = [await world.secret('atoll-nats'), await world.secret('atoll-link-keys')];
    const ran = await run(' --host nats.example.org');
    assert.match(ran.out, /made anew: the names changed/);
    const now = await world.secret('atoll-nats');
    const changed = Object.keys(now).filter((key) => now[key] !== earlier[key]);
    assert.deepEqual(changed.toSorted(), ['tls.crt', 'tls.key']);
    assert.deepEqual(await world.secret('atoll-link-keys'), keys);
    assert.equal((await run()).code, 0);
  });

  it('gives the hub other credentials of the same keys when the prefix changes', async () => {
    const earlier = await world.secret('atoll-hub-link');
    assert.match((await run(' --prefix other')).out, /atoll-hub-link: changed hub.creds/);
    assert.notEqual((await world.secret('atoll-hub-link'))['hub.creds'], earlier['hub.creds']);
    assert.equal((await run()).code, 0);
  });

  for (const [words, message] of [
    ['link init', /--host is missing/],
    ['link init --host tls://nats:4222', /--host "tls:\/\/nats:4222" is neither/],
    ['link init --host a --hots b', /Unknown option '--hots'/],
  ] as const)
    it(`refuses "${words}"`, async () => {
      const ran = await world.atoll(words);
      assert.equal(ran.code, 2);
      assert.match(ran.err, message);
    });
});

describe('atoll island add', () => {
  before(async () => {
    await world.startNats();
  });

  it('makes the island and one private file, and says the line that installs it', async () => {
    const ran = await add('paris', ' --ttl 90m --cost 2.5 --label zone=eu');
    assert.deepEqual([ran.code, ran.err], [0, '']);
    const lines = ran.out.split('\n').filter((line) => line.includes('helm install'));
    const file = world.file('paris.yaml');
    assert.deepEqual(lines, [`  helm install atoll charts/atoll --namespace atoll-system --create-namespace --values ${file}`]);
    const { text: _, mode, link, ...values } = await world.values('paris.yaml');
    assert.equal(mode, 0o600);
    assert.deepEqual(values, {
      role: 'island',
      image: { repository: 'registry.example.org/atoll', tag: '1.2' },
      workloadImage: { repository: 'localhost/atoll-ddm', tag: 'dev' },
      island: { name: 'paris' },
      stores: [
        {
          name: 'default',
          endpoint: 'http://10.0.0.9:7070',
          region: 'us-east-1',
          bucket: 'atoll',
          pathStyle: true,
          secretName: 'atoll-store',
        },
      ],
    });
    assert.deepEqual(link.servers, [`tls://127.0.0.1:${world.nats?.port}`]);
    const island = await world.island('paris');
    assert.equal(island?.spec.join?.tokenDigest, `sha256:${createHash('sha256').update(link.joinToken).digest('hex')}`);
    const left = Date.parse(island.spec.join.expiresAt) - Date.now();
    assert.ok(left > 80 * 60_000 && left <= 90 * 60_000, `${left} ms`);
    assert.deepEqual([island.spec.approved, island.spec.cost, island.metadata.labels], [true, '2.5', { zone: 'eu' }]);
  });

  it('gives credentials that the server takes, for the subjects of this island', async () => {
    const connection = await world.connect('paris.yaml');
    const told: string[] = [];
    const { poke } = islandSubjects('atoll', 'paris');
    connection.subscribe(poke, { callback: (error, message) => void told.push(error ? error.message : message.subject) });
    await connection.flush();
    assert.deepEqual(told, []);
    await connection.close();
  });

  it('refuses a name that is taken, and changes nothing', async () => {
    const user = await userOf('paris');
    const ran = await world.atoll(`island add paris --out ${world.file('again.yaml')}`);
    assert.equal(ran.code, 1);
    assert.match(ran.err, /cannot add paris: an island of this name exists; for a rebuilt cluster repeat it with --replace/);
    assert.equal(await userOf('paris'), user);
    await assert.rejects(world.values('again.yaml'), /ENOENT/);
  });

  it('does not write over a file', async () => {
    const ran = await world.atoll(`island add madrid --out ${world.file('paris.yaml')}`);
    assert.equal(ran.code, 1);
    assert.match(ran.err, /the file exists; remove it, or name another one with --out/);
    assert.equal(await world.island('madrid'), undefined);
  });

  for (const [words, message] of [
    ['island add', /name of the island is missing/],
    ['island add Paris_1', /"Paris_1" is no name of an island/],
    ['island add a b', /one name of the island is expected/],
    ['island add a --ttl 1w', /--ttl: cannot read the duration "1w"/],
    ['island add a --ttl 0s', /--ttl must be longer/],
    ['island add a --cost cheap', /--cost "cheap" is no number/],
    ['island add a --server nats.example.org', /--server "nats.example.org" is no address such as tls:/],
    ['island add a --label zone', /--label "zone" is no KEY=VALUE/],
    ['island add a --tll 1h', /Unknown option '--tll'/],
  ] as const)
    it(`refuses "${words}"`, async () => {
      const ran = await world.atoll(words);
      assert.equal(ran.code, 2);
      assert.match(ran.err, message);
    });
});

describe('atoll island add --replace', () => {
  it('gives a rebuilt cluster other credentials and another token, and cuts the former ones off at once', async () => {
    await add('rome');
    const [user, former] = [await userOf('rome'), await world.values('rome.yaml')];
    const connection = await world.connect('rome.yaml');
    const ran = await add('rome', ' --replace --cost 3');
    assert.deepEqual([ran.code, ran.err], [0, '']);
    assert.match(ran.out, /The credentials of rome are revoked; its connections are closed/);
    assert.match(String(await connection.closed()), /User Authentication Revoked/);
    const now = await world.values('rome.yaml');
    assert.equal(now.mode, 0o600);
    assert.notEqual(now.link.joinToken, former.link.joinToken);
    assert.notEqual(await userOf('rome'), user);
    assert.equal((await world.island('rome'))?.spec.cost, '3');
    await (await world.connect('rome.yaml')).close();
  });
});

describe('atoll island ls', () => {
  it('shows where each stands', async () => {
    const uid = (await world.island('paris'))?.metadata.uid ?? '';
    const gpus = [
      { product: 'H100', total: 8, free: 3, unhealthy: 0 },
      { product: 'L4', total: 2, free: 2, unhealthy: 0 },
    ];
    const status = {
      state: 'Ready' as const,
      lastHeard: new Date(Date.now() - 300_000).toISOString(),
      jobs: 4,
      version: '0.1.0',
      capacity: { cpu: '64', memory: '512Gi', gpus },
      conditions: [
        { type: 'Reachable', status: 'True' as const, reason: 'Ready', message: '', lastTransitionTime: '2026-11-26T06:00:00Z' },
      ],
    };
    await world.client.applyStatus(
      ComputeIslandKind,
      { metadata: { name: 'paris', uid }, status },
      { fieldManager: 'atoll-hub' },
    );
    await world.atoll('island cordon paris');
    const { code, out } = await world.atoll('island ls');
    assert.equal(code, 0);
    const lines = out
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/ {2,}/));
    assert.deepEqual(lines, [
      ['NAME', 'STATE', 'REACHABLE', 'HEARD', 'GPUS', 'JOBS', 'VERSION'],
      ['paris', 'Ready, cordoned', 'True', '5m ago', '5/10', '4', '0.1.0'],
      ['rome', 'NotJoined', 'Unknown', 'never', '-', '0', '-'],
    ]);
  });

  it('prints JSON and names for programs', async () => {
    assert.equal((await world.atoll('island ls -o name')).out, 'computeisland.atoll.dev/paris\ncomputeisland.atoll.dev/rome\n');
    const { items } = JSON.parse((await world.atoll('island ls -o json')).out) as { items: { metadata: { name: string } }[] };
    assert.deepEqual(
      items.map(({ metadata }) => metadata.name),
      ['paris', 'rome'],
    );
    assert.equal((await world.atoll('island ls -o wide')).code, 2);
  });
});

describe('atoll island cordon, uncordon, drain and undrain', () => {
  for (const [verb, field, value, said, again] of [
    ['cordon', 'cordoned', true, /nothing new is placed on it/, /is cordoned already/],
    ['uncordon', 'cordoned', false, /takes work again/, /is not cordoned/],
    ['drain', 'drain', true, /its work moves elsewhere/, /being drained already/],
    ['undrain', 'drain', false, /takes work again/, /is not being drained/],
  ] as const)
    it(`${verb} sets ${field} to ${value}, once`, async () => {
      const first = await world.atoll(`island ${verb} rome`);
      assert.equal(first.code, 0);
      assert.match(first.out, said);
      assert.equal((await world.island('rome'))?.spec[field], value);
      const version = (await world.island('rome'))?.metadata.resourceVersion;
      assert.match((await world.atoll(`island ${verb} rome`)).out, again);
      assert.equal((await world.island('rome'))?.metadata.resourceVersion, version);
    });

  it('names the islands that are there when the name is wrong', async () => {
    const ran = await world.atoll('island drain romme');
    assert.equal(ran.code, 1);
    assert.match(ran.err, /cannot find an island romme: there are paris, rome/);
  });
});

describe('atoll island remove', () => {
  it('refuses while works run there, and names them', async () => {
    await job('digits-11111111-e000-p1', 'paris', 'Running');
    const ran = await world.atoll('island remove paris --yes');
    assert.equal(ran.code, 1);
    assert.match(
      ran.err,
      /cannot remove paris: 1 work there \(research\/digits-11111111-e000-p1\); move it with atoll island drain paris first/,
    );
    assert.ok(await world.island('paris'));
    await (await world.connect('paris.yaml')).close();
  });

  it('asks, and does nothing without a yes', async () => {
    assert.equal((await world.atoll('island remove rome', false)).code, 1);
    const alone = await world.atoll('island remove rome');
    assert.match(alone.err, /cannot ask .*say --yes/);
    assert.ok(await world.island('rome'));
  });

  it('revokes the credentials, for the next start of the server too, and lets what has ended there go', async () => {
    await job('digits-11111111-e001-p1', 'rome', 'Stopped');
    const connection = await world.connect('rome.yaml');
    const ran = await world.atoll('island remove rome', true);
    assert.deepEqual([ran.code, ran.err], [0, '']);
    assert.match(String(await connection.closed()), /User Authentication Revoked/);
    assert.equal(await world.island('rome'), undefined);
    assert.equal((await jobNamed('digits-11111111-e001-p1'))?.metadata.finalizers, undefined);
    await world.mountSecret();
    await world.nats?.kill();
    await world.nats?.start();
    await assert.rejects(world.connect('rome.yaml'), /Authorization Violation/i);
    await (await world.connect('paris.yaml')).close();
  });

  it('restarts the NATS server when it cannot be told', async () => {
    const labels = { app: 'nats' };
    const template = { metadata: { labels }, spec: { containers: [{ name: 'nats', image: 'nats' }] } };
    const deployment = { metadata: { namespace, name: 'atoll-nats' }, spec: { selector: { matchLabels: labels }, template } };
    await world.client.create(deployments, deployment);
    await add('lyon');
    const ran = await world.atoll('island remove lyon --yes --server tls://127.0.0.1:1');
    assert.equal(ran.code, 0);
    assert.match(ran.out, /The NATS server is restarted, since it cannot be told from here \(tls:\/\/127.0.0.1:1: /);
    const now = await world.client.get(deployments, { namespace, name: 'atoll-nats' });
    assert.ok(now?.spec.template.metadata?.annotations?.['atoll.dev/restarted-at']);
    await world.client.delete(deployments, { namespace, name: 'atoll-nats' }, { uid: now?.metadata.uid ?? '' });
  });

  it('says so, and fails, when nothing can make the server know', async () => {
    await add('lyon', ' --replace');
    const ran = await world.atoll('island remove lyon --yes --server tls://127.0.0.1:1');
    assert.equal(ran.code, 1);
    assert.match(ran.err, /revoked in the Secrets, and the running NATS server does not know yet/);
    assert.equal(await world.island('lyon'), undefined);
  });

  it('--lost gives up what ran there: nothing waits for the island, and an event says why', async () => {
    const running = await job('digits-11111111-e002-p1', 'paris', 'Running');
    await job('digits-11111111-e003-p1', 'paris', 'Stopped');
    const ran = await world.atoll('island remove paris --lost --yes');
    assert.deepEqual([ran.code, ran.err], [0, '']);
    assert.match(ran.out, /2 works that it held: given up there, placed elsewhere/);
    assert.equal(await jobNamed('digits-11111111-e000-p1'), undefined);
    assert.equal(await jobNamed('digits-11111111-e002-p1'), undefined);
    assert.equal((await jobNamed('digits-11111111-e003-p1'))?.metadata.finalizers, undefined);
    const { items } = await world.client.list(events, { namespace: 'research' });
    const about = items.find(({ regarding }) => regarding?.uid === running.metadata.uid);
    assert.deepEqual([about?.type, about?.reason], ['Warning', 'IslandRemoved']);
    assert.match(about?.note ?? '', /removed as lost/);
    await assert.rejects(world.connect('paris.yaml'), /Authorization Violation/i);
  });

  it('--lost goes on where an earlier run was interrupted', async () => {
    await job('digits-11111111-e004-p1', 'paris', 'Running');
    assert.equal((await world.atoll('island remove paris --lost --yes')).code, 0);
    assert.equal(await jobNamed('digits-11111111-e004-p1'), undefined);
  });

  it('of an island that is not there says so', async () => {
    const ran = await world.atoll('island remove paris --yes');
    assert.equal(ran.code, 1);
    assert.match(ran.err, /cannot find an island paris: there is none yet/);
  });
});

describe('atoll island adopt and forget', () => {
  const gone = { namespace: 'research', name: 'digits-99999999-e000-p1', uid: 'uid-gone' };
  let ours: { namespace: string; name: string; uid: string };

  before(async () => {
    await add('oslo');
    const training = await world.client.create(ExpertTrainingKind, {
      metadata: { namespace: 'research', name: 'digits' },
      spec: {
        dataset: 'digits',
        storage: { store: 'default', prefix: 'atoll/' },
        expert: { image: 'i', resources: { cpu: '1', memory: '1Gi' } },
      } as never,
    });
    ours = { namespace: 'research', name: `digits-${uid8(training.metadata.uid ?? '')}-e000-p2`, uid: 'uid-ours' };
    const uid = (await world.island('oslo'))?.metadata.uid ?? '';
    const applied = { metadata: { name: 'oslo', uid }, status: { unknownJobs: [gone, ours] } };
    await world.client.applyStatus(ComputeIslandKind, applied, { fieldManager: 'atoll-hub' });
  });

  const marks = async () => {
    const annotations = (await world.island('oslo'))?.metadata.annotations;
    return [annotations?.[islandAnnotations.adopt], annotations?.[islandAnnotations.forget]];
  };
  const text = (one: typeof gone) => `${one.namespace}/${one.name}/${one.uid}`;

  it('adopt refuses a work whose owner is gone, and says what is left to do', async () => {
    const ran = await world.atoll(`island adopt oslo research/${gone.name}`);
    assert.equal(ran.code, 1);
    assert.match(ran.err, /cannot adopt .*the training or data set that it is of is gone.*atoll island forget/);
    assert.deepEqual(await marks(), [undefined, undefined]);
  });

  it('marks what is to be adopted and what is to be forgotten; the last word counts', async () => {
    assert.equal((await world.atoll(`island adopt oslo ${ours.uid}`)).code, 0);
    assert.deepEqual(await marks(), [text(ours), undefined]);
    assert.equal((await world.atoll('island forget oslo --all')).code, 0);
    assert.deepEqual(await marks(), [undefined, `${text(gone)},${text(ours)}`]);
    assert.equal((await world.atoll(`island adopt oslo research/${ours.name}`)).code, 0);
    assert.deepEqual(await marks(), [text(ours), text(gone)]);
  });

  it('names what the island holds when the word is wrong', async () => {
    const ran = await world.atoll('island forget oslo research/other');
    assert.equal(ran.code, 1);
    assert.match(ran.err, /cannot find research\/other among the works of oslo .* it holds research\/digits-99999999-e000-p1/);
    assert.equal((await world.atoll('island forget oslo')).code, 2);
  });
});

describe('help', () => {
  for (const words of ['island', 'link'])
    it(`of ${words} lists its verbs, and each has its own`, async () => {
      const { out } = await world.atoll(`${words} --help`);
      const verbs = [...out.matchAll(/^ {2}atoll (\w+ \w+)/gm)].map(([, verb]) => verb);
      assert.ok(verbs.length > 0);
      for (const verb of verbs) {
        const ran = await world.atoll(`${verb} --help`);
        assert.equal(ran.code, 0);
        assert.match(ran.out, new RegExp(`^Usage: atoll ${verb}`));
      }
    });

  it('is printed for a verb that is not there', async () => {
    const ran = await world.atoll('island frob');
    assert.deepEqual([ran.code, ran.out], [2, '']);
    assert.match(ran.err, /there is no command "island frob"/);
  });
});

describe('secrets', () => {
  it('are in no word that was ever said, and in no object but the Secrets', async () => {
    const kept = await world.secret('atoll-link-keys');
    const { link } = await world.values('oslo.yaml');
    const seed = /SU[A-Z2-7]{56}/.exec(link.credentials)?.[0] ?? '';
    const values = [kept['operator.seed'], kept['system.seed'], kept['account.seed'], link.joinToken, seed];
    const { stdout } = await world.server.kubectl(['get', 'computeislands,islandjobs,events,configmaps', '-A', '-o', 'json']);
    for (const value of values) {
      assert.ok(value && value.length > 40);
      assert.ok(!world.said.includes(value));
      assert.ok(!stdout.includes(value));
    }
    assert.doesNotMatch(world.said, /PRIVATE KEY|BEGIN NATS|SU[A-Z2-7]{56}|eyJ/);
    assert.doesNotMatch(stdout, /PRIVATE KEY|BEGIN NATS|S[OAU][A-Z2-7]{56}/);
  });
});
