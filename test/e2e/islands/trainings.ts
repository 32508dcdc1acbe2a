/** What a user of islands would apply: a data set of two shards, and trainings whose experts count steps at a pace that a scenario chooses. */
import { readFileSync } from 'node:fs';
import { dataset, datasetManifest, experts, namespace } from '../trainings.ts';

export { dataset, experts, namespace };
export const checkpointEvery = 25;

const program = readFileSync(new URL('trainer.py', import.meta.url), 'utf8');

/** The quickest partition: what is in a shard matters to none of the scenarios. */
export const quickDataset = (): object => datasetManifest({ method: 'Random' }, '500m');

export interface TrainingOptions {
  /** Seconds that an expert trains when nothing disturbs it; it counts five steps a second. */
  seconds?: number;
  placement?: object;
  /** More fields of spec.expert. */
  expert?: object;
  /** More fields of spec. */
  spec?: object;
}

const pace = 0.2;

export function stepsOf(seconds: number): number {
  return Math.round(seconds / pace);
}

/** A part of a training whose program counts. */
export const counting = (params: object): object => ({
  command: ['python3', '-c', program],
  resources: { cpu: '50m', memory: '128Mi' },
  params,
});

export function trainingManifest(name: string, options: TrainingOptions = {}): object {
  const { seconds = 10, placement = {}, expert = {}, spec = {} } = options;
  return {
    apiVersion: 'atoll.dev/v1alpha1',
    kind: 'ExpertTraining',
    metadata: { name, namespace },
    spec: {
      dataset,
      storage: { store: 'default', prefix: 'atoll/' },
      expert: {
        command: ['python3', '-c', program],
        resources: { cpu: '50m', memory: '128Mi', gpus: 1 },
        params: { steps: stepsOf(seconds), pace, checkpointEvery },
        checkpoint: { keep: 3 },
        retry: { maxRestarts: 3, backoff: { initial: '1s', max: '5s' } },
        grace: { save: '30s', publish: '60s' },
        ...expert,
      },
      placement,
      ...spec,
    },
  };
}
