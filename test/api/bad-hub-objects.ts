/** Objects that only Atoll or an admin writes, which the API server must refuse all the same. */

import type { Bad } from './bad-objects.ts';
import { digest, type Json } from './builders.ts';

const job = (patch: Json) => ({ spec: patch });
export const badHubObjects: Bad[] = [
  ['an index over the experts', 'ExpertShard', { spec: { index: 4 } }, 'spec.index', 'index 4 must be below experts (4)'],
  [
    'a digest that is none',
    'ExpertShard',
    { spec: { dataset: { digest: 'sha256:abc' } } },
    'spec.dataset.digest',
    '64 lower-case hexadecimal digits',
  ],
  ['a cost in words', 'ComputeIsland', { spec: { cost: 'cheap' } }, 'spec.cost', '[0-9]'],
  ['a negative limit', 'ComputeIsland', { spec: { limits: { gpus: -1 } } }, 'spec.limits.gpus', 'greater than or equal to 0'],
  [
    'a join token that is not a digest',
    'ComputeIsland',
    { spec: { join: { tokenDigest: 'secret', expiresAt: '2026-01-01T00:00:00Z' } } },
    'spec.join.tokenDigest',
    '64 lower-case hexadecimal digits',
  ],
  ['a name with dots', 'ComputeIsland', { metadata: { name: 'a.b' } }, 'metadata.name', 'lower-case letters, digits and "-"'],
  ['an unknown role', 'IslandJob', job({ role: 'Sample' }), 'spec.role', '"Partition", "Expert", "Router", "Evaluate"'],
  ['an expert without index', 'IslandJob', job({ work: { index: null } }), 'spec.work.index', 'set it for role Expert only'],
  ['a router with an index', 'IslandJob', job({ role: 'Router' }), 'spec.work.index', 'set it for role Expert only'],
  [
    'an index over the experts',
    'IslandJob',
    job({ work: { index: 9 } }),
    'spec.work.index',
    'work.index 9 must be below work.experts (4)',
  ],
  [
    'an expert with raw data',
    'IslandJob',
    job({ source: { store: 'default', prefix: '' } }),
    'spec.source',
    'for role Partition only',
  ],
  [
    'an expert of a data set',
    'IslandJob',
    job({ work: { owner: { kind: 'ExpertDataset' } } }),
    'spec.work.owner.kind',
    'ExpertTraining for the others',
  ],
  ['placement zero', 'IslandJob', job({ placement: 0 }), 'spec.placement', 'greater than or equal to 1'],
  ['no image', 'IslandJob', job({ container: { image: null } }), 'spec.container.image', 'Required value'],
  [
    'an input that leaves its folder',
    'IslandJob',
    job({ inputs: [{ name: '../x', store: 'default', manifest: 'm', digest: digest() }] }),
    'spec.inputs[0].name',
    'such as dataset or expert-003',
  ],
  [
    'the same input twice',
    'IslandJob',
    job({ inputs: ['a', 'b'].map((letter) => ({ name: 'dataset', store: 'default', manifest: 'm', digest: digest(letter) })) }),
    'spec.inputs[1]',
    'Duplicate value',
  ],
  ['a deadline that is no time', 'IslandJob', job({ deadline: 'tomorrow' }), 'spec.deadline', 'date-time'],
  ['params of 40,000 characters', 'IslandJob', job({ params: { a: 'x'.repeat(40_000) } }), 'spec.params', 'at most 32768'],
];
