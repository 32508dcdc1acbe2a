/** Objects as the gauges see them, and a scrape as lines. */
import type { Registry } from 'prom-client';
import { type ExpertShard, expertShardStatus } from '../../src/api/expertshard.ts';
import { type ExpertTraining, expertTrainingSpec, expertTrainingStatus } from '../../src/api/experttraining.ts';
import { apiVersion } from '../../src/api/kind.ts';

export const at = '2026-01-01T00:00:00Z';
export const seconds = Date.parse(at) / 1000;
const digest = `sha256:${'d'.repeat(64)}`;

export function training(status: object = {}, spec: object = {}): ExpertTraining {
  const resources = { cpu: '1', memory: '1Gi' };
  return {
    apiVersion,
    kind: 'ExpertTraining',
    metadata: { namespace: 'research', name: 'digits', uid: 'run', creationTimestamp: at },
    spec: expertTrainingSpec.parse({ dataset: 'numbers', expert: { resources }, ...spec }),
    status: expertTrainingStatus.parse(status),
  };
}

export function shard(index: number, status: object = {}): ExpertShard {
  return {
    apiVersion,
    kind: 'ExpertShard',
    metadata: { namespace: 'research', name: `digits-e00${index}`, uid: `expert-${index}` },
    spec: { training: 'digits', trainingUid: 'run', index, experts: 2, dataset: { manifest: 'm', digest } },
    status: expertShardStatus.parse(status),
  };
}

/** Every series of a scrape, without comments. */
export async function scrape(registry: Registry): Promise<string[]> {
  const text = await registry.metrics();
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}
