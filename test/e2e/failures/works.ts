/** What a user applies here: a data set of one shard, and trainings of one expert that counts steps and fails as its params say. */
import { readFileSync } from 'node:fs';
import { dataset, datasetManifest, namespace } from '../trainings.ts';

const program = readFileSync(new URL('trainer.py', import.meta.url), 'utf8');

/** Seconds that a step takes. */
export const pace = 0.1;
export const steps = 80;
export const checkpointEvery = 10;

/** What goes wrong, as `trainer.py` knows it. */
export interface Fault {
  how: 'configuration' | 'crash' | 'disk' | 'hang' | 'licence' | 'memory' | 'nan' | 'scratch' | 'xid';
  /** Step at which it does. */
  at: number;
  /** Attempts in which it does. Default: all. */
  attempts?: readonly number[];
}

export interface WorkOptions {
  fault?: Fault;
  /** More params of the trainer. */
  params?: Record<string, unknown>;
  /** More fields of spec.expert. */
  expert?: object;
  /** More of its resources. */
  resources?: object;
  /** Name of the only node that it may run on. Default: any. */
  node?: string;
}

/** The quickest partition: what is in the shard matters to none of the scenarios. */
export const oneShard = (): object => datasetManifest({ experts: 1, method: 'Random' }, '500m');

export function workManifest(name: string, { fault, params, expert, resources, node }: WorkOptions): object {
  return {
    apiVersion: 'atoll.dev/v1alpha1',
    kind: 'ExpertTraining',
    metadata: { name, namespace },
    spec: {
      dataset,
      storage: { store: 'default', prefix: 'atoll/' },
      expert: {
        command: ['python3', '-c', program],
        resources: { cpu: '200m', memory: '256Mi', ...resources },
        params: { steps, pace, checkpointEvery, ...(fault ? { fault } : {}), ...params },
        retry: { maxRestarts: 3, backoff: { initial: '1s', max: '2s' } },
        grace: { save: '5s', publish: '10s' },
        ...(node === undefined ? {} : { nodeSelector: { 'kubernetes.io/hostname': node } }),
        ...expert,
      },
    },
  };
}
