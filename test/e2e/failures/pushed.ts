/** A work that has to leave its node: for a pod of higher priority, or because the node itself is about to go. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Pod } from '../../../src/kube/core.ts';
import { signalContainer } from '../processes.ts';
import { namespace } from '../trainings.ts';
import type { Work } from './work.ts';
import { checkpointEvery } from './works.ts';
import type { Failures } from './world.ts';

/** Two pods of this size do not fit on one node. */
const size = '1200m';
const notice = 'aws-node-termination-handler/spot-itn';

export function pushed(failures: () => Failures): void {
  it('that a pod of higher priority pushes off its node saves, goes on at another, and is not counted', async () => {
    const { world, nodes } = failures();
    const [first, second] = nodes;
    const { work } = await onSecond(failures(), 'preempted', { cpu: size });
    await world.apply(...urgent(second));
    try {
      const { message, exitCode, class: end, rule } = await work.ended(1);
      assert.deepEqual([end, rule, exitCode], ['Disruption', 'disrupted', 75], 'it was given the time to save');
      assert.match(message ?? '', /^PreemptionByScheduler: /);
      const saved = (await work.job(0)).status?.checkpoint?.step;
      await work.complete();
      assert.equal(await work.resumedFrom(2), saved);
    } finally {
      await world.kubectl(['delete', 'pod', 'urgent', '--wait=false']);
    }
    assert.equal((await work.attempts())[1]?.node, first);
    assert.equal((await work.expert(0)).status?.restarts, 0);
    await work.tells(/PreemptionByScheduler/, /Nothing: it goes on from the newest checkpoint/);
  });

  it('on a node with a spot notice, which then tells it to stop, goes on at another, and is not counted', async () => {
    const { world, nodes } = failures();
    const [first, second] = nodes;
    const { work, pod } = await onSecond(failures(), 'spot');
    await world.cluster.kubectl(['taint', 'node', second, `${notice}=soon:NoSchedule`]);
    try {
      signalContainer(pod, 'trainer', 'SIGTERM');
      const { class: end, rule, action, message } = await work.ended(1);
      assert.deepEqual([end, rule, action], ['Disruption', 'node-leaving', 'RetryElsewhere']);
      assert.equal(message, `node ${second} is going away (taint ${notice})`);
      await work.complete();
    } finally {
      await world.cluster.kubectl(['taint', 'node', second, `${notice}-`]);
    }
    assert.equal((await work.attempts())[1]?.node, first);
    assert.equal((await work.expert(0)).status?.restarts, 0);
    await work.tells(/is going away/);
  });
}

/** A work whose first attempt runs on the second node, and has published something. */
async function onSecond(failures: Failures, name: string, resources = {}): Promise<{ work: Work; pod: Pod }> {
  const { world, nodes } = failures;
  await world.cluster.kubectl(['cordon', nodes[0]]);
  try {
    const work = await failures.start(name, { resources, params: { steps: 150 } });
    const pod = await work.trainer(1);
    await work.published(0, checkpointEvery);
    return { work, pod };
  } finally {
    await world.cluster.kubectl(['uncordon', nodes[0]]);
  }
}

function urgent(node: string): object[] {
  const restricted = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } };
  return [
    {
      apiVersion: 'scheduling.k8s.io/v1',
      kind: 'PriorityClass',
      metadata: { name: 'urgent' },
      value: 1000,
      description: 'For a pod that pushes others away',
    },
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'urgent', namespace },
      spec: {
        priorityClassName: 'urgent',
        nodeSelector: { 'kubernetes.io/hostname': node },
        terminationGracePeriodSeconds: 0,
        securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
        containers: [
          {
            name: 'sleeper',
            image: 'localhost/atoll-ddm:dev',
            command: ['sleep', '3600'],
            resources: { requests: { cpu: size } },
            securityContext: restricted,
          },
        ],
      },
    },
  ];
}
