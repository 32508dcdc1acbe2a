/** The operator killed and the API server restarted while experts train. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { systemNamespace } from '../../local/install.ts';
import type { Pod } from '../../src/kube/core.ts';
import { signalContainer } from './processes.ts';
import { endings, restartsOf } from './run.ts';
import { checkpointEvery, experts } from './trainings.ts';
import type { World } from './world.ts';

export function outage(world: () => World): void {
  it('goes on, no pod touched, when the operator is killed with -9 and the API server is restarted', async () => {
    const { cluster } = world();
    const run = await world().train('outage');
    for (let index = 0; index < experts; index++) await run.published(index, checkpointEvery);
    const before = await identities(run);
    const operator = await world().operatorPod();
    assert.deepEqual(await world().refusals(), [], 'refused so far');
    signalContainer(operator, 'atoll', 'SIGKILL');
    await cluster.api.restart({ signal: 'SIGKILL' });

    await run.complete();
    assert.deepEqual(await identities(run), before);
    for (let index = 0; index < experts; index++) assert.deepEqual(endings(await run.job(index)), [['Succeeded', 0]]);
    assert.deepEqual(await run.weights(), world().reference);
    await cluster.kubectl(['-n', systemNamespace, 'rollout', 'status', 'deployment/atoll', '--timeout=120s'], {
      timeoutMs: 130_000,
    });
    const after = await world().operatorPod();
    assert.equal(after.metadata.uid, operator.metadata.uid);
    assert.equal(
      after.status?.containerStatuses?.[0]?.restartCount,
      (operator.status?.containerStatuses?.[0]?.restartCount ?? 0) + 1,
    );
    world().refusedByStartingApiServer = await world().refusals();
  });
}

async function identities(run: { pods(): Promise<Pod[]> }) {
  const all = await run.pods();
  return new Map(all.map((pod) => [pod.metadata.name, [pod.metadata.uid, ...restartsOf(pod)]]));
}
