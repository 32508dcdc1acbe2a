/** Objects that count or name something wrongly: parts of experts, one expert twice, other namespaces, addresses of one's own. */
import type { Bad } from './bad-objects.ts';

const secretKeyRef = { name: 'a', key: 'b', namespace: 'other' };

export const badReferences: Bad[] = [
  [
    'an expert and a half',
    'ExpertDataset',
    { spec: { partition: { experts: 1.5 } } },
    'spec.partition.experts',
    'must be of type integer',
  ],
  [
    'an override that names an expert twice',
    'ExpertTraining',
    { spec: { overrides: [{ experts: [3, 3] }] } },
    'spec.overrides[0].experts[1]',
    'Duplicate value',
  ],
  [
    'a Secret of another namespace',
    'ExpertTraining',
    { spec: { expert: { env: [{ name: 'A', valueFrom: { secretKeyRef } }] } } },
    'unknown field "spec.expert.env[0].valueFrom.secretKeyRef.namespace"',
  ],
  [
    'an object store at an address of the user',
    'ExpertTraining',
    { spec: { storage: { endpoint: 'http://169.254.169.254' } } },
    'unknown field "spec.storage.endpoint"',
  ],
];
