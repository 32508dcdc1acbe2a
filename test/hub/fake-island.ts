/** An island without pods: it moves IslandJobs on, one step at a time, and publishes what they make into a store in memory. */
import { type IslandJob, IslandJobKind, type IslandJobStatus } from '../../src/api/islandjob.ts';
import { attemptPrefix, index3, manifestKey } from '../../src/api/keys.ts';
import { finalizers } from '../../src/api/labels.ts';
import { encodeManifest, type Manifest, manifestSchema } from '../../src/api/manifest.ts';
import type { PublishedCheckpoint } from '../../src/api/work.ts';
import { type Clock, timestamp } from '../../src/clock.ts';
import { addFinalizer, removeFinalizer } from '../../src/kube/finalizers.ts';
import type { KubeClient } from '../../src/kube/types.ts';
import type { MemoryStore } from '../store/memory-store.ts';

/** What becomes of a running job: `run` keeps it running, `damaged` says that an input of it does not verify. */
export type Fate = 'succeed' | 'fail' | 'damaged' | 'run';

export interface FakeIsland {
  /** Decides by job; the default lets everything succeed. */
  fate: (job: IslandJob) => Fate;
  /** While true nothing is let go: deleted jobs keep their finalizer, suspended ones keep running. */
  stuck: boolean;
  skew: number;
  /** Whether an IslandJob is seen by its island now. */
  reaches: (job: IslandJob) => boolean;
  /** The trainer of this job is done and its result published, whatever the hub wants meanwhile. */
  finish(job: IslandJob): Promise<void>;
  /** The highest number of jobs of one work that ran at once, by work. */
  readonly overlaps: string[];
  step(): Promise<void>;
}

const steps = 100;

export function createFakeIsland(client: KubeClient, store: MemoryStore, clock: Clock): FakeIsland {
  const running = new Map<string, string>();

  async function report(job: IslandJob, status: Partial<IslandJobStatus>): Promise<void> {
    const old = job.status ?? { revision: 0, attempt: 0, restarts: 0, attempts: [], display: {}, conditions: [] };
    const next = { ...old, ...status, revision: old.revision + 1 };
    const { name, namespace = '' } = job.metadata;
    await client.applyStatus(
      IslandJobKind,
      { metadata: { name, namespace }, status: next },
      { fieldManager: 'atoll-island', force: true },
    );
  }

  async function publish(job: IslandJob, final: boolean): Promise<PublishedCheckpoint> {
    const attempt = Math.max(1, job.status?.attempt ?? 1);
    const step = final ? steps : steps / 2;
    const key = manifestKey(job.spec.output.prefix, { placement: job.spec.placement, attempt }, step, final);
    const { bytes, digest } = encodeManifest(manifestOf(job, attempt, step, final));
    const folder = key.slice(0, -'manifest.json'.length);
    for (const { path } of manifestOf(job, attempt, step, final).files) store.objects.set(`${folder}${path}`, new Uint8Array(4));
    store.objects.set(key, bytes);
    return {
      manifest: key,
      digest,
      step,
      bytes: 4,
      attempt,
      at: timestamp(clock.now()),
      final,
      kind: final ? 'Export' : 'Resumable',
    };
  }

  function manifestOf(job: IslandJob, attempt: number, step: number, final: boolean): Manifest {
    const { role, work, placement, inputs, container } = job.spec;
    const shards = Array.from({ length: work.experts }, (_, index) => ({ index, samples: 100 }));
    const paths = role === 'Partition' ? shards.map(({ index }) => `shards/${index3(index)}/data.npz`) : ['model.safetensors'];
    return {
      schema: manifestSchema,
      work: { ...work, role },
      placement,
      attempt,
      step,
      kind: final ? 'Export' : 'Resumable',
      final,
      files: paths.map((path) => ({ path, size: 4, sha256: '0'.repeat(64) })),
      inputs: inputs.map(({ name, manifest, digest }) => ({ name, manifest, digest })),
      image: container.image,
      metrics: { loss: 0.25 },
      ...(role === 'Partition'
        ? {
            partition: {
              method: 'Clusters',
              experts: work.experts,
              samples: 100 * work.experts,
              heldOut: 40,
              skew: island.skew,
              shards,
            },
          }
        : {}),
    };
  }

  /** One job moves by one state. */
  async function move(job: IslandJob): Promise<void> {
    const state = job.status?.state;
    const now = timestamp(clock.now());
    if (job.metadata.deletionTimestamp !== undefined) {
      if (!island.stuck) await removeFinalizer(client, IslandJobKind, job, finalizers.island);
      return;
    }
    if (!job.metadata.finalizers?.includes(finalizers.island)) await addFinalizer(client, IslandJobKind, job, finalizers.island);
    if (state === 'Succeeded' || state === 'Failed' || state === 'Stopped') return;
    else if (job.spec.stop) {
      const attempt = job.status?.attempt ?? 0;
      if (!island.stuck) await report(job, { state: 'Stopped', stopped: { at: now, attempt, reason: 'Stopped' } });
    } else if (job.spec.suspend) {
      if (!island.stuck && state !== 'Suspended') await report(job, { state: 'Suspended', reason: 'Suspended' });
    } else if (state !== 'Running') {
      const attempt = (job.status?.attempt ?? 0) + 1;
      await report(job, { state: 'Running', attempt, startedAt: job.status?.startedAt ?? now, reason: 'Running' });
    } else if (!job.status?.checkpoint && job.spec.role !== 'Partition') {
      const checkpoint = await publish(job, false);
      await report(job, { checkpoint, progress: { step: checkpoint.step, steps, at: now, loss: '0.5' } });
    } else {
      const fate = island.fate(job);
      const attempt = job.status?.attempt ?? 1;
      if (fate === 'succeed') await report(job, { state: 'Succeeded', output: await publish(job, true), finishedAt: now });
      if (fate === 'damaged') {
        const message = 'experts/002/p1a1/final/model.safetensors does not have the SHA-256 of its manifest';
        const attempts = [{ number: attempt, class: 'InputDamaged' as const, message, finishedAt: now }];
        await report(job, { state: 'Failed', attempts, reason: 'InputDamaged', message, finishedAt: now });
      }
      if (fate === 'fail') {
        const attempts = [{ number: attempt, class: 'Crash' as const, exitCode: 1, message: 'it broke', finishedAt: now }];
        await report(job, {
          state: 'Failed',
          attempts,
          reason: 'RestartBudgetSpent',
          message: 'more failures than allowed',
          finishedAt: now,
        });
      }
    }
  }

  const island: FakeIsland = {
    fate: () => 'succeed',
    stuck: false,
    skew: 1.1,
    reaches: () => true,
    async finish(job) {
      await report(job, { state: 'Succeeded', output: await publish(job, true), finishedAt: timestamp(clock.now()) });
    },
    overlaps: [],
    async step() {
      const { items } = await client.list(IslandJobKind);
      running.clear();
      for (const job of items) {
        if (job.status?.state === 'Running') {
          const key = attemptPrefix(job.spec.output.prefix, { placement: 0, attempt: 0 });
          if (running.has(key)) island.overlaps.push(`${running.get(key)} and ${job.metadata.name}`);
          running.set(key, job.metadata.name);
        }
        // The hub writes too: whoever is late sees the newer object in the next step.
        if (!island.reaches(job)) continue;
        await move(job).catch((error: unknown) => {
          if (!/HTTP 409|not found/.test(String(error))) throw error;
        });
      }
    },
  };
  return island;
}
