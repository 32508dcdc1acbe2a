/** Changes of specs after creation: what may change live is taken, everything else is refused by name. */
import { digest, type Json, type KindName } from './builders.ts';

export interface Change {
  sentence: string;
  kind: KindName;
  from: Json;
  to: Json;
  /** The words of the refusal; absent when the change is allowed. */
  words?: string[];
}

const many = (letter: string) => Object.fromEntries(Array.from({ length: 256 }, (_, i) => [`k${i}`, letter.repeat(100)]));
const long = Array.from({ length: 2000 }, () => 'abcdefgh');
const part = { resources: { cpu: '1', memory: '1Gi' } };
const change = (kind: KindName, sentence: string, from: Json, to: Json, words?: string[]): Change => ({
  sentence,
  kind,
  from: { spec: from },
  to: { spec: to },
  ...(words && { words }),
});
const training = (sentence: string, from: Json, to: Json, ...words: string[]) =>
  change('ExpertTraining', sentence, from, to, words.length > 0 ? [...words, 'make a new ExpertTraining'] : undefined);
const dataset = (sentence: string, from: Json, to: Json, ...words: string[]) =>
  change('ExpertDataset', sentence, from, to, words.length > 0 ? [...words, 'make a new ExpertDataset'] : undefined);
const job = (sentence: string, from: Json, to: Json, ...words: string[]) =>
  change('IslandJob', sentence, from, to, words.length > 0 ? words : undefined);

export const changes: Change[] = [
  training('suspending', {}, { suspend: true }),
  training('another retry budget', {}, { expert: { retry: { maxRestarts: 9, backoff: { initial: '1s' } } } }),
  training('another retention', {}, { expert: { checkpoint: { keep: 9 } } }),
  training('another placement policy', {}, { placement: { islands: { matchLabels: { a: 'b' } } } }),
  training('fewer experts needed', {}, { completion: { minExperts: 1 } }),
  training('no number of experts needed', { completion: { minExperts: 2 } }, { completion: { minExperts: null } }),
  training('another data set', {}, { dataset: 'other' }, 'spec.dataset', 'from digits to other'),
  training('another seed', {}, { seed: 5 }, 'spec.seed', 'from 0 to 5'),
  training('another store', {}, { storage: { store: 'b' } }, 'spec.storage.store', 'from default to b'),
  training('a new deadline', {}, { deadline: '1h' }, 'spec.deadline', 'from unset to 1h'),
  training('no more deadline', { deadline: '1h' }, { deadline: null }, 'spec.deadline', 'from 1h to unset'),
  training('another image', { expert: { image: 'a' } }, { expert: { image: 'b' } }, 'spec.expert.image', 'from a to b'),
  training('more memory', {}, { expert: { resources: { memory: '2Gi' } } }, 'spec.expert.resources.memory', 'from 1Gi to 2Gi'),
  training('GPUs', {}, { expert: { resources: { gpus: 1 } } }, 'spec.expert.resources.gpus', 'from unset to 1'),
  training('a variable', {}, { expert: { env: [{ name: 'A', value: 'x' }] } }, 'spec.expert.env', 'cannot change after creation'),
  training('another grace', {}, { expert: { grace: { save: '5s' } } }, 'spec.expert.grace.save', 'from 60s to 5s'),
  training(
    'a node selector',
    {},
    { expert: { nodeSelector: { a: 'b' } } },
    'spec.expert.nodeSelector',
    'cannot change after creation',
  ),
  training('a router', {}, { router: part }, 'spec.router', 'neither added nor removed'),
  training('no more router', { router: part }, { router: null }, 'spec.router', 'neither added nor removed'),
  training(
    'another start of the router',
    { router: part },
    { router: { start: 'WhenExpertsComplete' } },
    'spec.router.start',
    'from WhenDatasetReady to WhenExpertsComplete',
  ),
  training(
    'another retry of the router',
    { router: part },
    { router: { retry: { maxRestarts: 0 } } },
    'spec.router.retry.maxRestarts',
    'from 3 to 0',
  ),
  training(
    'Fail instead of Wait',
    {},
    { completion: { onExpertFailed: 'Fail' } },
    'spec.completion.onExpertFailed',
    'from Wait to Fail',
  ),
  training(
    'a param',
    { expert: { params: { steps: 10, lr: 0.1 } } },
    { expert: { params: { steps: 20 } } },
    'spec.expert.params',
    '(steps from 10 to 20)',
  ),
  training(
    'one more param',
    { expert: { params: { steps: 10 } } },
    { expert: { params: { lr: 0.5 } } },
    'spec.expert.params',
    '(lr from unset to 0.5)',
  ),
  training(
    'one param less',
    { expert: { params: { a: 1, b: 2 } } },
    { expert: { params: { b: null } } },
    'spec.expert.params',
    '(b from 2 to unset)',
  ),
  training(
    'a param deep inside',
    { expert: { params: { a: { b: { c: 1 } } } } },
    { expert: { params: { a: { b: { c: 2 } } } } },
    'spec.expert.params',
    '(a from',
  ),
  training('first params', {}, { expert: { params: { a: 1 } } }, 'spec.expert.params', '(a from unset to 1)'),
  training(
    'another podTemplate',
    {},
    { expert: { podTemplate: { spec: { hostNetwork: true } } } },
    'spec.expert.podTemplate',
    '(spec from unset',
  ),
  training(
    'a param of the router',
    { router: part },
    { router: { params: { a: 1 } } },
    'spec.router.params',
    '(a from unset to 1)',
  ),
  training(
    'a param of the evaluation',
    { router: part, evaluation: part },
    { evaluation: { params: { a: 1 } } },
    'spec.evaluation.params',
    '(a from unset to 1)',
  ),
  training(
    'a param among many',
    { expert: { params: many('x') } },
    { expert: { params: { k7: 'new' } } },
    'spec.expert.params',
    '(k7 from x',
  ),
  training(
    'a list of 20,000 characters',
    { expert: { params: { a: long } } },
    { expert: { params: { a: [...long, 'x'] } } },
    'spec.expert.params',
  ),
  training('suspending with as many params as there may be', { expert: { params: many('x') } }, { suspend: true }),
  training(
    'another override',
    { overrides: [{ experts: [1], resources: { cpu: '2', memory: '1Gi' } }] },
    { overrides: [{ experts: [1], resources: { cpu: '3', memory: '1Gi' } }] },
    'spec.overrides',
    'cannot change after creation',
  ),
  training(
    'a param of an override',
    { overrides: [{ experts: [1], params: { lr: 0.1 } }] },
    { overrides: [{ experts: [1], params: { lr: 0.2 } }] },
    'spec.overrides',
    'cannot change after creation',
  ),
  training(
    'first overrides',
    {},
    { overrides: [{ experts: [1], params: { lr: 0.2 } }] },
    'spec.overrides',
    'cannot change after creation',
  ),
  training(
    'no more overrides',
    { overrides: [{ experts: [1], params: { lr: 0.2 } }] },
    { overrides: null },
    'spec.overrides',
    'cannot change after creation',
  ),
  training('suspending with overrides', { overrides: [{ experts: [0, 1], params: { a: { b: [1] } } }] }, { suspend: true }),
  training('another priority', {}, { priority: 5 }),
  training('replacing what a lost island held', {}, { placement: { islandLost: { policy: 'Replace', after: '10m' } } }),
  training('suspending with params', { expert: { params: { a: { b: [1, 2.5, null] } } } }, { suspend: true }),

  dataset('approving a digest', {}, { approve: digest() }),
  dataset('another number of experts', {}, { partition: { experts: 8 } }, 'spec.partition.experts', 'from 4 to 8'),
  dataset('another source', {}, { source: { prefix: 'raw/other/' } }, 'spec.source.prefix', 'from raw/digits/ to raw/other/'),
  dataset('settings for clusters', {}, { partition: { clusters: {} } }, 'spec.partition.clusters', 'neither added nor removed'),
  dataset(
    'unbalanced clusters',
    { partition: { clusters: {} } },
    { partition: { clusters: { balance: false } } },
    'spec.partition.clusters.balance',
    'from true to false',
  ),
  dataset('a param', {}, { job: { params: { a: 1 } } }, 'spec.job.params', '(a from unset to 1)'),
  dataset('another budget', {}, { job: { retry: { maxRestarts: 1 } } }, 'spec.job.retry.maxRestarts', 'from 3 to 1'),

  change('ExpertShard', 'another index', {}, { index: 2 }, ['spec.index', 'from 3 to 2']),
  change('ExpertShard', 'another data set', {}, { dataset: { digest: digest('b') } }, [
    'spec.dataset.digest',
    'cannot change after creation',
  ]),
  change('ComputeIsland', 'a cordon', {}, { cordoned: true }),

  job('suspending', {}, { suspend: true, revision: 2 }),
  job('stopping', {}, { stop: true, revision: 2 }),
  job('another budget', {}, { retry: { maxRestarts: 9 }, revision: 2 }),
  job('starting again after a stop', { stop: true }, { stop: false }, 'spec.stop', 'stop is one-way'),
  job('a smaller revision', { revision: 5 }, { revision: 4 }, 'spec.revision', 'it was 5 and cannot become 4'),
  job('a smaller placement', { placement: 2 }, { placement: 1 }, 'spec.placement', 'from 2 to 1'),
  job('a larger placement', { placement: 2 }, { placement: 3 }, 'spec.placement', 'the hub makes a new placement'),
  job('another island', {}, { island: 'other' }, 'spec.island', 'from local to other'),
  job('another owner', {}, { work: { owner: { uid: 'x' } } }, 'spec.work.owner.uid', 'to x'),
  job('another namespace of the work', {}, { work: { namespace: 'other' } }, 'spec.work.namespace', 'from default to other'),
  job(
    'another input',
    {},
    { inputs: [{ name: 'dataset', store: 'default', manifest: 'm', digest: digest() }] },
    'spec.inputs',
    'cannot change',
  ),
  job('a checkpoint to resume from', {}, { resume: [{ manifest: 'm', digest: digest() }] }, 'spec.resume', 'cannot change'),
  job('a param', { params: { a: 1 } }, { params: { a: 2 } }, 'spec.params', '(a from 1 to 2)'),
  job('a podTemplate', {}, { container: { podTemplate: { a: 1 } } }, 'spec.container.podTemplate', '(a from unset to 1)'),
];
