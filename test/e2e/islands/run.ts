/** One training over islands that a scenario follows: its objects at the hub, its pods on the islands, what it has in the bucket. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ExpertShard, ExpertShardKind } from '../../../src/api/expertshard.ts';
import { type IslandJob, IslandJobKind } from '../../../src/api/islandjob.ts';
import { index3 } from '../../../src/api/keys.ts';
import { labels } from '../../../src/api/labels.ts';
import { shardName } from '../../../src/api/names.ts';
import type { Pod } from '../../../src/kube/core.ts';
import { FollowedTraining, found } from '../followed.ts';
import { HopelessError } from '../waiting.ts';
import { experts, namespace } from './trainings.ts';
import type { IslandName, World } from './world.ts';

export class Run extends FollowedTraining<World> {
  /** The expert, once the hub has made it. */
  async expert(index: number): Promise<ExpertShard> {
    const name = shardName(this.name, index);
    return this.until(`expert ${name}`, () => this.world.client.get(ExpertShardKind, { namespace, name }), 60_000);
  }

  /** The hub's IslandJob of an expert's newest placement. */
  async job(index: number): Promise<IslandJob> {
    const name = await this.until(`the IslandJob of expert ${index}`, async () => (await this.expert(index)).status?.job);
    return found(await this.world.client.get(IslandJobKind, { namespace, name }), `IslandJob ${name}`);
  }

  /** The expert that was placed on an island first. */
  async expertOn(island: IslandName): Promise<number> {
    return this.until(`an expert on ${island}`, async () => {
      for (let index = 0; index < experts; index++) if ((await this.expert(index)).status?.island === island) return { index };
      return undefined;
    }).then(({ index }) => index);
  }

  /** Pods on an island, asked from inside of it: it may be cut off. */
  async pods(island: IslandName, index?: number): Promise<Pod[]> {
    const expert = index === undefined ? '' : `,${labels.expert}=${index3(index)}`;
    const selector = `${labels.training}=${this.name}${expert}`;
    const list = await this.world.on(island, ['get', 'pods', '-l', selector, '--output=json']);
    return (JSON.parse(list) as { items: Pod[] }).items;
  }

  /** Who runs and how often each container was started: equal before and after when nothing touched the pods. */
  async identities(island: IslandName): Promise<unknown[]> {
    return (await this.pods(island)).map(({ metadata, status }) => [
      metadata.name,
      metadata.uid,
      metadata.deletionTimestamp,
      status?.initContainerStatuses?.map(({ restartCount }) => restartCount),
      status?.containerStatuses?.map(({ restartCount }) => restartCount),
    ]);
  }

  /** The last step that the trainer of a pod has written down, read from the disk of its machine. */
  async step(island: IslandName, pod: Pod): Promise<number> {
    const { dir } = this.world.cluster(island);
    const file = join(dir, 'kubelet/pods', pod.metadata.uid ?? '', 'volumes/kubernetes.io~empty-dir/work/progress.jsonl');
    const lines = (await readFile(file, 'utf8').catch(() => '')).trimEnd().split('\n');
    for (const line of lines.toReversed()) {
      const step = /"step": ?(\d+)/.exec(line)?.[1];
      if (step !== undefined) return Number(step);
    }
    return 0;
  }

  /** Waits until every expert has reached a step, as the hub has it. */
  async reached(step: number): Promise<void> {
    for (let index = 0; index < experts; index++)
      await this.until(`expert ${index} at step ${step}`, async () => {
        const { status } = await this.expert(index);
        if (status?.state === 'Blocked') throw new HopelessError(`expert ${index} is blocked: ${status.message}`);
        return (status?.progress?.step ?? 0) >= step || status?.state === 'Accepted';
      });
  }

  /** Deletes the training and waits until nothing of it is left at the hub. */
  async remove(): Promise<void> {
    await this.world.kubectl(['delete', `et/${this.name}`, '--timeout=3m'], { timeoutMs: 190_000 });
  }
}
