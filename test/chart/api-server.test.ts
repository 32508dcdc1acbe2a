/** The chart against a real API server that authorises by RBAC: what it takes, what each account may do, what a release leaves. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type ApiServer, startApiServer } from '../../local/apiserver.ts';
import { established } from '../../local/established.ts';
import { chartDir, helm, type Rendered, render } from '../../local/helm.ts';
import { checkout } from '../../local/paths.ts';
import { least, most, type Role, roles } from './values.ts';

const system = 'atoll-system';
let server: ApiServer;

const apply = (objects: object[], ...flags: string[]) =>
  server.kubectl(['apply', '--server-side', '--force-conflicts', ...flags, '-f', '-'], {
    input: objects.map((object) => JSON.stringify(object)).join('\n---\n'),
  });
const get = async (...what: string[]): Promise<string> =>
  (await server.kubectl(['get', '--ignore-not-found', '--output=name', ...what])).stdout.trim();

before(async () => {
  server = await startApiServer();
  const account = (name: string) => ({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace: system } });
  const namespace = (name: string) => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
  });
  await apply([system, 'research', 'vision'].map(namespace));
  // No controller makes the first; a pod of the others is refused without them.
  await apply(['default', 'atoll', 'atoll-link-init'].map(account));
});

after(async () => {
  await server.stop();
});

describe('the API server takes', () => {
  const amounts = { least, most };
  for (const amount of ['least', 'most'] as const)
    for (const role of roles) {
      it(`every object of the ${role} with the ${amount} values`, async () => {
        const { stderr } = await apply(await render(amounts[amount][role]), '--dry-run=server', '--validate=strict');
        assert.equal(stderr.trim(), '', 'no warning');
      });

      it(`every pod of the ${role} with the ${amount} values where only restricted ones are`, async () => {
        const pods = (await render(amounts[amount][role])).flatMap(podOf);
        assert.ok(pods.length >= 2);
        await apply(pods, '--dry-run=server', '--validate=strict');
      });
    }
});

/** The pod that an object stands for, by itself. */
function podOf({ kind, metadata, ...rest }: Rendered): object[] {
  const { spec } = rest as { spec?: { template?: { metadata: object; spec: object } } };
  if (kind === 'Pod') return [{ ...rest, kind, metadata }];
  if (spec?.template === undefined) return [];
  const { name, namespace } = metadata;
  return [{ apiVersion: 'v1', kind: 'Pod', metadata: { ...spec.template.metadata, name, namespace }, spec: spec.template.spec }];
}

describe('kubectl auth can-i --list', () => {
  const cases: [file: string, role: Role, values: object, account?: string][] = [
    ['hub', 'hub', {}],
    ['hub-in-namespaces', 'hub', { namespaces: ['research'] }],
    ['hub-link-init', 'hub', {}, 'atoll-link-init'],
    ['island', 'island', {}],
    ['island-in-namespaces', 'island', { namespaces: ['research'] }],
    ['standalone', 'standalone', {}],
  ];
  for (const [file, role, change, account = 'atoll'] of cases)
    it(`says of ${account} in ${file} what rights/${file}.txt says`, async () => {
      const rbac = (await render({ ...least[role], ...change })).filter(({ apiVersion }) => apiVersion.startsWith('rbac.'));
      await apply(rbac);
      try {
        const wanted = await readFile(join(checkout, 'test/chart/rights', `${file}.txt`), 'utf8').catch(() => '');
        assert.equal(await rightsOf(account), wanted);
      } finally {
        const names = rbac.map(({ kind, metadata }) => ({ kind, metadata, apiVersion: 'rbac.authorization.k8s.io/v1' }));
        await server.kubectl(['delete', '--wait=false', '-f', '-'], {
          input: names.map((one) => JSON.stringify(one)).join('\n---\n'),
        });
      }
    });
});

/** What a ServiceAccount of the release may do in its own namespace, in one that trains and in another, beyond what any may. */
async function rightsOf(account: string): Promise<string> {
  const parts: string[] = [];
  for (const namespace of [system, 'research', 'vision']) {
    const anyone = new Set((await canI(namespace, 'nobody')).map(words));
    const [header = '', ...lines] = await canI(namespace, account);
    parts.push([`# ${namespace}`, header, ...lines.filter((line) => !anyone.has(words(line))), ''].join('\n'));
  }
  return parts.join('\n');
}

async function canI(namespace: string, account: string): Promise<string[]> {
  const groups = ['system:authenticated', 'system:serviceaccounts', `system:serviceaccounts:${system}`];
  const who = [`--as=system:serviceaccount:${system}:${account}`, ...groups.map((group) => `--as-group=${group}`)];
  const { stdout } = await server.kubectl(['auth', 'can-i', '--list', `--namespace=${namespace}`, ...who]);
  return stdout.trimEnd().split('\n');
}

/** A row without the widths of its columns. */
const words = (line: string) => line.replaceAll(/ +/g, ' ').trim();

describe('a release', () => {
  const run = (verb: string[], values?: object) =>
    helm([...verb, '--namespace', system, ...(values ? ['--values', '-'] : [])], {
      env: { KUBECONFIG: server.kubeconfigPath },
      ...(values ? { input: JSON.stringify(values) } : {}),
    });
  const key = async () =>
    (await server.kubectl(['-n', system, 'get', 'secret', 'atoll-agent-key', '-o', 'jsonpath={.data.key}'])).stdout;
  const values = least.standalone;
  const dataset = {
    apiVersion: 'atoll.dev/v1alpha1',
    kind: 'ExpertDataset',
    metadata: { name: 'digits', namespace: 'research' },
    spec: {
      source: { store: 'default', prefix: 'raw/digits/', format: 'Npz' },
      storage: { store: 'default', prefix: 'atoll/' },
      partition: { experts: 4, method: 'Random' },
    },
  };

  before(async () => {
    // A release takes over nothing that others made.
    await server.kubectl(['delete', 'serviceaccount', 'atoll', '-n', system]);
  });

  it('takes the kinds with it when it was told so', async () => {
    await run(['install', 'atoll', chartDir], { ...values, crds: { keep: false } });
    assert.notEqual(await get('crd'), '');
    await run(['uninstall', 'atoll', '--wait']);
    assert.equal(await get('crd'), '');
  });

  it('keeps the key of its agent over an upgrade, and says the next step', async () => {
    const { stdout } = await run(['install', 'atoll', chartDir], values);
    assert.match(stdout, /is installed as standalone/);
    assert.match(stdout, /secret generic atoll-store-read/);
    const first = await key();
    assert.ok(Buffer.from(first, 'base64').length >= 32);
    await run(['upgrade', 'atoll', chartDir], { ...values, logLevel: 'debug' });
    assert.equal(await key(), first);
  });

  it("leaves users' objects when it goes, and takes them up when it comes back", async () => {
    await established(server);
    await apply([dataset]);
    const first = await key();
    await run(['uninstall', 'atoll']);
    assert.equal(await get('deployments', '-n', system), '');
    assert.equal(await get('expertdatasets', '-n', 'research'), 'expertdataset.atoll.dev/digits');
    await run(['install', 'atoll', chartDir], values);
    assert.equal(await get('expertdatasets', '-n', 'research'), 'expertdataset.atoll.dev/digits');
    assert.equal(await key(), first);
    await run(['uninstall', 'atoll']);
  });
});
