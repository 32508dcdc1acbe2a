/** One training that a scenario follows: its objects, its pods and what it has in the bucket. */
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type CourierResult, courierResult } from '../../src/api/courier.ts';
import { type ExpertShard, ExpertShardKind } from '../../src/api/expertshard.ts';
import { type IslandJob, IslandJobKind } from '../../src/api/islandjob.ts';
import { index3 } from '../../src/api/keys.ts';
import { labels } from '../../src/api/labels.ts';
import type { Manifest } from '../../src/api/manifest.ts';
import { shardName } from '../../src/api/names.ts';
import { container, endOf } from '../../src/island/podview.ts';
import { type Pod, pods } from '../../src/kube/core.ts';
import type { Checkpoint } from './bucket.ts';
import { FollowedTraining, found } from './followed.ts';
import { signalContainer } from './processes.ts';
import { experts, namespace } from './trainings.ts';
import { HopelessError } from './waiting.ts';
import type { World } from './world.ts';

export class Run extends FollowedTraining<World> {
  async expert(index: number): Promise<ExpertShard> {
    const name = shardName(this.name, index);
    return found(await this.world.client.get(ExpertShardKind, { namespace, name }), `expert ${name}`);
  }

  /** The IslandJob of an expert's newest placement. */
  async job(index: number): Promise<IslandJob> {
    const name = (await this.expert(index)).status?.job;
    assert.ok(name, `expert ${index} of ${this.name} has no IslandJob`);
    return found(await this.world.client.get(IslandJobKind, { namespace, name }), `IslandJob ${name}`);
  }

  async pods(index?: number): Promise<Pod[]> {
    const expert = index === undefined ? '' : `,${labels.expert}=${index3(index)}`;
    const labelSelector = `${labels.training}=${this.name}${expert}`;
    return (await this.world.client.list(pods, { namespace, labelSelector })).items;
  }

  /** The one pod of an expert's attempt. */
  async pod(index: number, attempt: number): Promise<Pod> {
    const all = (await this.pods(index)).filter((pod) => pod.metadata.labels?.[labels.attempt] === String(attempt));
    assert.equal(all.length, 1, `expected one pod of attempt ${attempt} of expert ${index} of ${this.name}`);
    return found(all[0], 'pod');
  }

  /** Waits until an expert has published a checkpoint of at least that step, and gives the newest; looks at the bucket alone. */
  async published(index: number, step: number): Promise<Checkpoint> {
    const prefix = await this.prefix(index);
    const { bucket } = this.world;
    return this.until(`a checkpoint of expert ${index} at step ${step} or later`, async () => {
      const newest = (await bucket.checkpoints(prefix)).at(-1);
      if (newest === undefined && (await bucket.finals(prefix)).length > 0) throw new HopelessError('it has ended already');
      return newest !== undefined && newest.step >= step && newest;
    });
  }

  /** Waits for such a checkpoint of every expert and then holds its trainer, which goes on when what is given back is called. */
  async hold(step: number): Promise<() => void> {
    const held: Pod[] = [];
    for (let index = 0; index < experts; index++) {
      await this.published(index, step);
      const pod = await this.pod(index, 1);
      signalContainer(pod, 'trainer', 'SIGSTOP');
      held.push(pod);
    }
    return () => {
      for (const pod of held) signalContainer(pod, 'trainer', 'SIGCONT');
    };
  }

  /** Waits until nothing that the pod's trainer has saved is left to publish: for a trainer that does nothing more. */
  async settled(pod: Pod): Promise<void> {
    const { dir } = this.world.cluster;
    const output = join(dir, 'kubelet', 'pods', pod.metadata.uid ?? '', 'volumes/kubernetes.io~empty-dir/work/output');
    await this.until(`all that ${pod.metadata.name} has saved is published`, async () => {
      const saved = (await readdir(output)).filter((name) => !name.startsWith('.'));
      const held = await Promise.all(saved.map((name) => readdir(join(output, name))));
      return saved.length > 0 && held.every((files) => files.includes('published.json'));
    });
  }

  /** The accepted result of an expert, once its manifest and every file of it have been verified. */
  async accepted(index: number): Promise<Manifest> {
    const accepted = (await this.expert(index)).status?.accepted;
    assert.ok(accepted, `expert ${index} of ${this.name} is not accepted`);
    return this.world.bucket.verified(accepted);
  }

  /** By expert: SHA-256 of its final weights. */
  async weights(): Promise<string[]> {
    const all: string[] = [];
    for (let index = 0; index < experts; index++) {
      const { files } = await this.accepted(index);
      all.push(
        found(
          files.find(({ path }) => path === 'model.safetensors'),
          'file model.safetensors',
        ).sha256,
      );
    }
    return all;
  }
}

/** What restore left in the pod's status. */
export function restored(pod: Pod): CourierResult {
  return courierResult.parse(JSON.parse(endOf(pod, 'restore')?.message ?? 'null'));
}

/** Restarts of all containers of a pod, in their order. */
export function restartsOf(pod: Pod): number[] {
  return ['courier', 'restore', 'trainer'].map((name) => container(pod, name)?.restartCount ?? -1);
}

/** How the attempts of an expert ended: class and exit code, in order. */
export function endings({ status }: IslandJob): [string | undefined, number | undefined][] {
  return (status?.attempts ?? []).map(({ class: end, exitCode }) => [end, exitCode]);
}
