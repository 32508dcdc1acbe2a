/** ExpertDataset: where the data is and how it is cut into K shards. */
import { z } from 'zod';
import type { KubeObject } from '../kube/types.ts';
import { container, resources } from './container.ts';
import {
  decimal,
  digest,
  freeForm,
  int,
  int53,
  keyed,
  keyPrefix,
  matching,
  objectKey,
  objectName,
  rules,
  text,
} from './fields.ts';
import { type apiVersion, defineKind, nameRule } from './kind.ts';
import { failureRules, grace, retry, stall, storageLocation } from './policy.ts';
import { conditions, observedGeneration, workStatus } from './work.ts';

const source = z.object({
  store: objectName().default('default').describe("Name of a store in the operator's settings. Default: default."),
  prefix: keyPrefix().default('').describe('Where the raw data lies; empty or ending with "/". Default: empty.'),
  format: z
    .enum(['Npz'])
    .default('Npz')
    .describe('Format of the objects. Npz: NumPy archives with images, labels and optional captions. Default: Npz.'),
});

const clusters = z
  .object({
    features: z
      .enum(['Pca', 'Column'])
      .default('Pca')
      .describe('What is clustered. Pca: principal components of the images. Column: a given array. Default: Pca.'),
    column: matching(/^[A-Za-z_][A-Za-z0-9_]*$/, 64, 'must be the name of an array of the source: letters, digits and "_"')
      .optional()
      .describe('Name of the array with the features, for features Column.'),
    fine: int(1, 65536).default(64).describe('Fine centroids of the first k-means stage; at least experts. Default: 64.'),
    balance: z.boolean().default(true).describe('Even out the sizes of the shards. Default: true.'),
    seed: int(0, 2_147_483_647).default(0).describe('Seed of the clustering. Default: 0.'),
  })
  .meta(
    rules({
      rule: "(self.features == 'Column') == has(self.column)",
      message: 'column names the array for features Column: set it with Column and leave it out with Pca',
      fieldPath: '.column',
    }),
  );

const partition = z
  .object({
    experts: int(1, 256).describe('Number of shards and so of experts, K. 1 to 256.'),
    method: z
      .enum(['Clusters', 'Labels', 'Random'])
      .default('Clusters')
      .describe('Clusters: two-stage k-means. Labels: by label. Random: evenly at random. Default: Clusters.'),
    clusters: clusters.optional().describe('Settings of method Clusters. Default: Pca, 64 fine centroids, balanced.'),
    heldOut: matching(/^0(\.[0-9]{1,6})?$/, 8, 'must be a fraction as text, from "0" to below "1", such as "0.1"')
      .default('0.1')
      .describe('Fraction of the samples kept back for the evaluation, as text. Default: "0.1".'),
    maxSkew: int(1, 1000)
      .default(4)
      .describe('Largest shard divided by the smallest that is accepted without spec.approve. Default: 4.'),
  })
  .meta(
    rules(
      {
        rule: "!has(self.clusters) || self.method == 'Clusters'",
        message: 'clusters is only for method Clusters: remove it or set method to Clusters',
        fieldPath: '.clusters',
      },
      {
        rule: '!has(self.clusters) || self.clusters.fine >= self.experts',
        messageExpression:
          "'clusters.fine (%d) must be at least experts (%d): each shard is made of whole fine clusters'.format([self.clusters.fine, self.experts])",
        message: 'clusters.fine must be at least experts',
        fieldPath: '.clusters.fine',
      },
      {
        rule: "has(self.clusters) || self.method != 'Clusters' || self.experts <= 64",
        message: 'more than 64 experts need clusters.fine to be at least as many: set it',
        fieldPath: '.experts',
      },
    ),
  );

const job = z.object({
  ...container.shape,
  resources: resources
    .default({ cpu: '1', memory: '2Gi' })
    .describe('Requests and limits, which are the same. Default: cpu "1", memory 2Gi.'),
  params: freeForm().optional().describe('Free-form settings for the partition program. Default: none.'),
  retry: retry.prefault({}).describe('How failures are retried.'),
  failureRules,
  stall: stall.prefault({}).describe('How long it may show nothing new before it is stopped and retried.'),
  grace: grace.prefault({}).describe('Time to save and to publish when stopped.'),
});

const spec = z.object({
  source: source.describe('The raw data.'),
  storage: storageLocation.prefault({}).describe('Where the shards are written. Default: the whole bucket of store default.'),
  partition: partition.describe('How the data is cut into shards.'),
  job: job.prefault({}).describe('The container that does it. Default: the reference image with 1 CPU and 2Gi.'),
  approve: digest().optional().describe('Digest of a partition whose skew is above maxSkew and is accepted all the same.'),
});

export const datasetStates = ['Pending', 'Partitioning', 'Blocked', 'Ready', 'Failed'] as const;

const shard = z.object({
  index: int(0, 255).describe('Index of the shard, from 0.'),
  samples: int(0, int53).describe('Samples in it.'),
  bytes: int(0, int53).describe('Size of its files in bytes.'),
  digest: digest().optional().describe('SHA-256 over the canonical JSON of the list of its files.'),
});

const status = z
  .object({
    observedGeneration,
    state: z.enum(datasetStates).default('Pending').describe('Where the data set stands.'),
    manifest: objectKey().optional().describe('Key of the manifest of the partition. Set once.'),
    digest: digest().optional().describe('Digest of that manifest. Set once.'),
    samples: int(0, int53).optional().describe('Samples in all shards.'),
    heldOut: int(0, int53).optional().describe('Samples kept back for the evaluation.'),
    skew: decimal().optional().describe('Largest shard divided by the smallest, as text.'),
    shards: keyed(shard, 256, ['index']).optional().describe('The shards.'),
    work: workStatus.optional().describe('The partition job.'),
    display: z
      .object({
        shards: text(32).optional().describe('Number of shards.'),
        progress: text(32).optional().describe('Progress of the partition.'),
        size: text(32).optional().describe('Size of all shards.'),
      })
      .prefault({})
      .describe('Texts for the columns of kubectl get.'),
    conditions,
  })
  .meta(
    rules({
      rule: '!has(oldSelf.digest) || (has(self.digest) && self.digest == oldSelf.digest)',
      message: 'digest is set once and never changes: make a new ExpertDataset for another partition',
      reason: 'FieldValueForbidden',
    }),
  );

export type ExpertDatasetSpec = z.infer<typeof spec>;
export type ExpertDatasetStatus = z.infer<typeof status>;
export type DatasetState = (typeof datasetStates)[number];
export interface ExpertDataset extends KubeObject {
  apiVersion: typeof apiVersion;
  kind: 'ExpertDataset';
  spec: ExpertDatasetSpec;
  status?: ExpertDatasetStatus;
}

export const expertDatasetSpec = spec;
export const expertDatasetStatus = status;

export const ExpertDatasetKind = defineKind<ExpertDataset>({
  kind: 'ExpertDataset',
  plural: 'expertdatasets',
  shortNames: ['eds'],
  description: 'ExpertDataset says where data is and how it is cut into K shards, one for each expert.',
  spec,
  status,
  columns: [
    { name: 'State', path: '.status.state', type: 'string', description: 'Where the data set stands.' },
    { name: 'Shards', path: '.spec.partition.experts', type: 'integer', description: 'Number of shards, K.' },
    { name: 'Samples', path: '.status.samples', type: 'integer', description: 'Samples in all shards.' },
    { name: 'Skew', path: '.status.skew', type: 'string', description: 'Largest shard divided by the smallest.' },
    { name: 'Size', path: '.status.display.size', type: 'string', description: 'Size of all shards.' },
    { name: 'Age', path: '.metadata.creationTimestamp', type: 'date', description: 'Time since it was made.' },
    { name: 'Method', path: '.spec.partition.method', type: 'string', description: 'How it is cut.', wide: true },
    { name: 'Progress', path: '.status.display.progress', type: 'string', description: 'Progress of the partition.', wide: true },
    { name: 'Digest', path: '.status.digest', type: 'string', description: 'Digest of the manifest.', wide: true },
  ],
  selectable: ['.status.state'],
  rules: [nameRule(40, 'the names of its jobs are made from it')],
  freeze: { live: { approve: 'at any time' }, instead: 'make a new ExpertDataset' },
});
