/** What real processes of the operator export: promtool finds no fault with it, and the table knows every series. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type ApiServer, startApiServer } from '../../local/apiserver.ts';
import { established } from '../../local/established.ts';
import { checkout } from '../../local/paths.ts';
import { eventually } from '../kube/eventually.ts';
import { startOperator } from './process.ts';
import { assertGoodScrape } from './series.ts';

const limitMs = 60_000;
let server: ApiServer;

before(async () => {
  server = await startApiServer();
  await server.kubectl(['apply', '--server-side', '-f', `${checkout}/crds`]);
  await established(server);
  await server.kubectl(['create', 'namespace', 'research']);
  await server.kubectl([
    'apply',
    '-f',
    `${checkout}/manifests/demo/dataset.yaml`,
    '-f',
    `${checkout}/manifests/demo/training.yaml`,
  ]);
  const uid = (await server.kubectl(['-n', 'research', 'get', 'et', 'digits', '-o', 'jsonpath={.metadata.uid}'])).stdout;
  const spec = {
    training: 'digits',
    trainingUid: uid,
    index: 0,
    experts: 4,
    dataset: { manifest: 'm', digest: `sha256:${'0'.repeat(64)}` },
  };
  const metadata = { name: 'digits-e000', namespace: 'research' };
  await server.kubectl(['apply', '-f', '-'], {
    input: JSON.stringify({ apiVersion: 'atoll.dev/v1alpha1', kind: 'ExpertShard', metadata, spec }),
  });
});

after(async () => {
  await server.stop();
});

describe('a scrape', () => {
  for (const [role, wanted] of [
    ['standalone', 'atoll_expert_status{namespace="research",training="digits",expert="000"'],
    ['hub', 'atoll_training_status{namespace="research",training="digits"'],
  ] as const)
    it(`of a ${role} passes promtool, and has nothing that the table does not know`, async () => {
      await using operator = await startOperator(role, server.kubeconfigPath);
      const text = await eventually(
        'the objects are exported',
        async () => {
          if (!(await operator.ready())) return undefined;
          const body = await operator.scrape();
          return [wanted, 'leader_election_master_status{name="atoll"} 1'].every((one) => body.includes(one)) ? body : undefined;
        },
        limitMs,
      );
      await assertGoodScrape(text);
      assert.ok(text.includes(`atoll_build_info{version="0.1.0",role="${role}"} 1`));
    });
});
