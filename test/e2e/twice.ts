/** What people do by hand to Jobs and pods: made again under the same name, started twice. One pod trains, the other finds the claim. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { restoreExitCodes } from '../../src/api/courier.ts';
import { attemptPrefix, claimKey } from '../../src/api/keys.ts';
import { finalizers, labels } from '../../src/api/labels.ts';
import { attemptName } from '../../src/api/names.ts';
import { container, endOf } from '../../src/island/podview.ts';
import { type Job, jobs, type Pod, pods } from '../../src/kube/core.ts';
import { endings, type Run } from './run.ts';
import { checkpointEvery, experts, namespace } from './trainings.ts';
import type { World } from './world.ts';

export function twice(world: () => World): void {
  it('whose Job is made again by hand, and one of whose pods is started twice, trains once and publishes nothing twice', async () => {
    const { bucket } = world();
    const run = await world().train('twice');
    const release = await run.hold(checkpointEvery);
    await using history = await watchPods(world(), run);
    const published = new Map<string, string>();
    for (let index = 0; index < experts; index++)
      for (const [key, version] of await bucket.versions(await run.prefix(index))) published.set(key, version);

    const copy = await startAgain(world(), await run.pod(1, 1));
    await makeAgain(world(), attemptName((await run.job(0)).metadata.name, 1));
    await run.until('the end of the copied pod', async () => {
      const pod = await world().client.get(pods, { namespace, name: copy });
      return pod !== undefined && endOf(pod, 'restore') !== undefined;
    });
    release();
    await run.complete();

    // The copy found the claim of the pod it was copied from, which went on.
    const taken = history.all().filter((pod) => endOf(pod, 'restore')?.exitCode === restoreExitCodes.attemptTaken);
    assert.ok(
      taken.some(({ metadata }) => metadata.name === copy),
      'the copied pod ends with AttemptTaken',
    );
    for (const pod of taken) assert.match(endOf(pod, 'restore')?.message ?? '', /"reason":"AttemptTaken"/);
    assert.deepEqual(endings(await run.job(1)), [['Succeeded', 0]]);
    // The attempt whose Job was taken away has ended, and the next went on from what it had saved.
    assert.deepEqual(
      endings(await run.job(0)).map(([end]) => end),
      ['Disruption', 'Succeeded'],
    );

    for (let index = 0; index < experts; index++) {
      const prefix = await run.prefix(index);
      assert.equal((await bucket.finals(prefix)).length, 1);
      for (const { number: attempt } of (await run.job(index)).status?.attempts ?? []) {
        const trained = history
          .all()
          .filter((pod) => startedTraining(pod, index, attempt))
          .map(({ metadata }) => metadata.uid);
        const { podUid } = await bucket.json<{ podUid: string }>(claimKey(prefix, { placement: 1, attempt }));
        assert.deepEqual(trained, [podUid], `pods that trained in ${attemptPrefix(prefix, { placement: 1, attempt })}`);
      }
      for (const [key, version] of await bucket.versions(prefix))
        assert.equal(version, published.get(key) ?? version, `${key} was written again`);
    }
    assert.deepEqual(await run.weights(), world().reference);
    await world().kubectl(['delete', 'pod', copy, '--ignore-not-found']);
  });
}

/**
 * A second pod of the same spec. It has no Job's labels: a Job would take it for its own and delete what is too many. And it asks for no
 * CPU: a node that the other runs have filled would refuse it before it could find the claim.
 */
async function startAgain(world: World, { metadata, spec }: Pod): Promise<string> {
  const own = Object.entries(metadata.labels ?? {}).filter(([label]) => label.startsWith('atoll.dev/'));
  const name = `${metadata.name}-again`;
  await world.client.create(pods, { metadata: { name, namespace, labels: Object.fromEntries(own) }, spec: withoutCpu(spec) });
  return name;
}

function withoutCpu(spec: Pod['spec']): Pod['spec'] {
  const idle = (all: Pod['spec']['containers'] = []) =>
    all.map((one) => {
      const { cpu: _, ...requests } = one.resources?.requests ?? {};
      return { ...one, resources: { ...one.resources, requests } };
    });
  return { ...spec, initContainers: idle(spec.initContainers), containers: idle(spec.containers) };
}

/** Takes a Job away without its pods and against its finalizers, and makes another one of the same name at once. */
async function makeAgain(world: World, name: string): Promise<void> {
  const { client } = world;
  const key = { namespace, name };
  const job = await client.get(jobs, key);
  assert.ok(job?.metadata.uid);
  await client.delete(jobs, key, { uid: job.metadata.uid, propagationPolicy: 'Orphan' });
  await client.patch(jobs, key, { metadata: { uid: job.metadata.uid, finalizers: null } }, { contentType: 'merge' });
  await client.create(jobs, copyOf(job));
}

function copyOf({ metadata, spec }: Job): Pick<Job, 'metadata' | 'spec'> {
  const { selector: _, template, ...rest } = spec;
  const kept = (all: Record<string, string> = {}) =>
    Object.fromEntries(Object.entries(all).filter(([label]) => label.startsWith('atoll.dev/')));
  const meta = { ...template.metadata, labels: kept(template.metadata?.labels) };
  return {
    metadata: { name: metadata.name, namespace, labels: kept(metadata.labels), finalizers: [finalizers.attempt] },
    spec: { ...rest, template: { ...template, metadata: meta } },
  };
}

function startedTraining(pod: Pod, index: number, attempt: number): boolean {
  const { [labels.expert]: expert, [labels.attempt]: number } = pod.metadata.labels ?? {};
  if (Number(expert) !== index || number !== String(attempt)) return false;
  const state = container(pod, 'trainer')?.state;
  return state?.running !== undefined || (state?.terminated?.startedAt !== undefined && endOf(pod, 'restore')?.exitCode === 0);
}

/** Remembers the last state of every pod of a run, also of those that are gone. */
async function watchPods(world: World, run: Run) {
  const selection = { namespace, labelSelector: `${labels.training}=${run.name}` };
  const seen = new Map<string, Pod>();
  const { items, resourceVersion } = await world.client.list(pods, selection);
  for (const pod of items) seen.set(pod.metadata.uid ?? '', pod);
  const end = new AbortController();
  const watching = (async () => {
    for await (const event of world.client.watch(pods, { ...selection, resourceVersion, signal: end.signal }))
      if (event.type !== 'BOOKMARK') seen.set(event.object.metadata.uid ?? '', event.object);
  })().catch((error: unknown) => {
    if (!end.signal.aborted) throw error;
  });
  return {
    all: () => [...seen.values()],
    async [Symbol.asyncDispose]() {
      end.abort(new Error('enough seen'));
      await watching;
    },
  };
}
