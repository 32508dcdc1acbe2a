/** The hook by which a hub with bundled NATS makes its identity, as the account that the chart gives it, on a real API server. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type ApiServer, startApiServer } from '../../local/apiserver.ts';
import { command } from '../../local/command.ts';
import { render } from '../../local/helm.ts';
import { checkout } from '../../local/paths.ts';
import { accountOf } from './account.ts';
import { least } from './values.ts';

const system = 'atoll-system';
let server: ApiServer;

before(async () => {
  server = await startApiServer();
});

after(async () => {
  await server.stop();
});

describe('the hook of a hub', () => {
  const data = async () =>
    (await server.kubectl(['get', 'secrets', '-n', system, '-o', 'jsonpath={range .items[*]}{.metadata.name}{.data}{end}']))
      .stdout;

  it('makes what NATS and the hub mount with the rights of its account, and keeps it the next time', async () => {
    const objects = await render(least.hub);
    const hook = objects.find(({ kind, metadata }) => kind === 'Job' && metadata.name === 'atoll-link-init');
    const { spec } = hook?.['spec']
      ? (hook['spec'] as { template: { spec: { containers: { args: string[] }[] } } }).template
      : {};
    const kubeconfig = await accountOf(server, 'hub', {}, 'atoll-link-init');
    const program = [join(checkout, 'src/main.ts'), ...(spec?.containers[0]?.args ?? []), '--kubeconfig', kubeconfig];
    await command(process.execPath, program, { timeoutMs: 60_000 });
    const first = await data();
    const mounted = objects.flatMap((object) => [
      ...JSON.stringify(object).matchAll(/"secretName":"(atoll-(?:nats|hub-link))"/g),
    ]);
    assert.deepEqual(
      [...new Set(mounted.map(([, name = '']) => name))].toSorted((a, b) => a.localeCompare(b)),
      ['atoll-hub-link', 'atoll-nats'],
    );
    for (const name of ['atoll-nats', 'atoll-hub-link', 'atoll-link-keys']) assert.ok(first.includes(name), name);
    for (const key of ['nats.conf', 'hub.creds', 'ca.crt']) assert.ok(first.includes(`"${key}"`), key);
    await command(process.execPath, program, { timeoutMs: 60_000 });
    assert.equal(await data(), first);
  });
});
