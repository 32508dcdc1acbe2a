/** Atoll in the standalone role by the real Helm in a real cluster: installed, tested, upgraded, refused and uninstalled. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { namespaces, standaloneValues } from '../../local/chart-values.ts';
import { type Cluster, startCluster } from '../../local/cluster.ts';
import { systemNamespace as namespace } from '../../local/install.ts';
import { type ObjectStorage, startObjectStorage } from '../../local/object-storage.ts';
import { type Releases, releasesIn } from '../../local/releases.ts';
import { missingRequirements } from '../../local/requirements.ts';

const missing = await missingRequirements();

describe('a release of the chart', { skip: missing.join(' ') || false }, () => {
  let cluster: Cluster;
  let storage: ObjectStorage;
  let releases: Releases;
  let values: object;
  const get = async (...args: string[]) => (await cluster.kubectl(['-n', namespace, 'get', ...args])).stdout;

  before(async () => {
    cluster = await startCluster({ gpus: 0, images: ['base', 'atoll'] });
    storage = await startObjectStorage({ hosts: ['127.0.0.1', cluster.hostAddress] });
    releases = await releasesIn(cluster);
    const store = { storage, bucket: 'atoll' };
    values = standaloneValues(cluster, store);
    const objects = namespaces([], store).map((object) => JSON.stringify(object));
    await cluster.kubectl(['apply', '-f', '-'], { input: objects.join('\n---\n') });
  });
  after(async () => {
    await releases?.[Symbol.asyncDispose]();
    await cluster?.stop();
    await storage?.stop();
  });

  it('with a mistyped value is refused with the name of the value, and nothing is made', async () => {
    const mistyped = { ...values, progresInterval: '5s' };
    await assert.rejects(releases.install('atoll', { namespace, values: mistyped }), /progresInterval/);
    assert.equal(await get('deployments', '--output=name'), '');
  });

  it('is ready when its install ends, and passes its own test', async () => {
    const { stdout } = await releases.install('atoll', { namespace, values });
    assert.match(stdout, /helm test atoll/);
    assert.equal(await get('deployment/atoll', '--output=jsonpath={.status.readyReplicas}'), '1');
    await releases.test('atoll', { namespace });
  });

  it('is upgraded in place', async () => {
    await releases.upgrade('atoll', { namespace, values, flags: ['--set', 'logLevel=debug'] });
    const config = await get('configmap/atoll', '--output=jsonpath={.data.config\\.yaml}');
    assert.match(config, /logLevel: debug/);
  });

  it('leaves kinds and objects of users when it is uninstalled', async () => {
    await releases.uninstall('atoll', { namespace });
    assert.equal(await get('deployments', '--output=name'), '');
    assert.match(await get('computeislands', '--output=name'), /local/);
  });
});
