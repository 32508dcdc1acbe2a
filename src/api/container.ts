/** The container of a work as users write it: what Atoll needs typed, everything else in one `podTemplate` patch. */
import { z } from 'zod';
import { byteQuantity, cpuQuantity, freeForm, int, int32, list, map, matching, rules, text } from './fields.ts';

export const resources = z
  .object({
    cpu: cpuQuantity().describe(
      'CPUs, as a quoted quantity such as "2" or "500m". The trainer is told to use this many threads.',
    ),
    memory: byteQuantity().describe('Memory in bytes, such as 4Gi. The container is killed above it.'),
    gpus: int(0, 64).optional().describe('Number of GPUs (nvidia.com/gpu). Default: none.'),
    gpuProduct: matching(
      /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/,
      63,
      'must be the value of the node label nvidia.com/gpu.product, such as NVIDIA-H100-80GB-HBM3',
    )
      .optional()
      .describe('GPU model, as in the node label nvidia.com/gpu.product. Default: any model.'),
    shm: byteQuantity()
      .optional()
      .describe('Size in bytes of /dev/shm, counted as memory. Default: 64Mi of the container runtime.'),
    scratch: byteQuantity()
      .optional()
      .describe(
        'Bytes of node disk for inputs, checkpoints being written and temporary files. Default: no limit beyond the node.',
      ),
  })
  .meta(
    rules({
      rule: '!has(self.gpuProduct) || (has(self.gpus) && self.gpus > 0)',
      message: 'gpuProduct needs gpus of at least 1: say how many of that model, or leave gpuProduct out',
      fieldPath: '.gpuProduct',
    }),
  );

const keyRef = (kind: string) =>
  z.object({
    name: text(253).min(1).describe(`Name of the ${kind} in the namespace of the work.`),
    key: text(253).min(1).describe(`Key in the ${kind}.`),
    optional: z.boolean().optional().describe('Start without the variable when it is missing. Default: false.'),
  });

export const envVar = z
  .object({
    name: matching(/^[A-Za-z_][A-Za-z0-9_]*$/, 128, 'must be letters, digits and "_", not starting with a digit').describe(
      'Name of the environment variable. Names that start with ATOLL_ are kept for the training contract.',
    ),
    value: text(4096).optional().describe('The value as it is. Default: empty when valueFrom is absent.'),
    valueFrom: z
      .object({
        secretKeyRef: keyRef('Secret').optional().describe('Take the value from a Secret.'),
        configMapKeyRef: keyRef('ConfigMap').optional().describe('Take the value from a ConfigMap.'),
      })
      .meta(
        rules({
          rule: 'has(self.secretKeyRef) != has(self.configMapKeyRef)',
          message: 'valueFrom must name exactly one of secretKeyRef and configMapKeyRef',
        }),
      )
      .optional()
      .describe('Where the value comes from, instead of value.'),
  })
  .meta(
    rules(
      { rule: '!(has(self.value) && has(self.valueFrom))', message: 'an environment variable has value or valueFrom, not both' },
      {
        rule: "!self.name.startsWith('ATOLL_')",
        message: 'names that start with ATOLL_ are kept for the training contract: choose another',
        fieldPath: '.name',
      },
    ),
  );

const sourceRef = (kind: string) =>
  z.object({
    name: text(253).min(1).describe(`Name of the ${kind} in the namespace of the work.`),
    optional: z.boolean().optional().describe('Start when it is missing. Default: false.'),
  });

const envFrom = z
  .object({
    prefix: text(64).optional().describe('Put before each variable name. Default: nothing.'),
    secretRef: sourceRef('Secret').optional().describe('Every key of this Secret becomes a variable.'),
    configMapRef: sourceRef('ConfigMap').optional().describe('Every key of this ConfigMap becomes a variable.'),
  })
  .meta(
    rules({
      rule: 'has(self.secretRef) != has(self.configMapRef)',
      message: 'envFrom must name exactly one of secretRef and configMapRef',
    }),
  );

const toleration = z.object({
  key: text(316).optional().describe('Taint key. Default: every key, with operator Exists.'),
  operator: z.enum(['Exists', 'Equal']).optional().describe('How key and value are compared. Default: Equal.'),
  value: text(63).optional().describe('Taint value for Equal. Default: empty.'),
  effect: z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute']).optional().describe('Taint effect. Default: every effect.'),
  tolerationSeconds: int(0, int32).optional().describe('Seconds to stay under NoExecute. Default: without limit.'),
});

/** Fields shared by every container; `resources` and `image` differ by where it stands. */
const shared = {
  imagePullPolicy: z
    .enum(['Always', 'IfNotPresent', 'Never'])
    .optional()
    .describe('When the image is pulled. Default: as Kubernetes does, IfNotPresent unless the tag is latest.'),
  imagePullSecrets: list(text(253), 8)
    .optional()
    .describe('Names of Secrets with registry credentials in the same namespace. Default: none.'),
  command: list(text(4096), 64)
    .optional()
    .describe("Entry point. Default: the image's own; for the reference image, the trainer of the role."),
  args: list(text(4096), 64).optional().describe("Arguments of the entry point. Default: the image's own."),
  env: list(envVar, 64).optional().describe('Environment variables. Default: none but those of the training contract.'),
  envFrom: list(envFrom, 8).optional().describe('Environment variables from whole Secrets and ConfigMaps. Default: none.'),
  nodeSelector: map(text(63), 32).optional().describe('Labels that the node must have. Default: none but gpuProduct.'),
  tolerations: list(toleration, 32)
    .optional()
    .describe('Taints to accept. not-ready and unreachable are always tolerated. Default: none further.'),
  priorityClassName: text(253).optional().describe("Kubernetes PriorityClass of the pods. Default: the cluster's."),
  runAsUser: int(1, int32).optional().describe('User id of the process; never root. Default: 1000.'),
  podTemplate: freeForm()
    .optional()
    .describe(
      'Strategic-merge patch on the pod that Atoll builds ({metadata, spec}), for what the typed fields lack; the trainer is the container named trainer. Together with params at most 32 KiB. Default: none.',
    ),
};

/** A container as users write it: without image, the reference image of the operator's settings is used. */
export const container = z.object({
  image: text(512)
    .min(1)
    .optional()
    .describe('Image of the trainer. Default: the reference image in the settings of the operator.'),
  resources: resources.describe('Requests and limits, which are the same.'),
  ...shared,
});

/** A container with everything resolved by the hub. */
export const resolvedContainer = z.object({
  image: text(512).min(1).describe('Image of the trainer.'),
  resources: resources.describe('Requests and limits, which are the same.'),
  ...shared,
});

export type Resources = z.infer<typeof resources>;
export type Container = z.infer<typeof container>;
export type ResolvedContainer = z.infer<typeof resolvedContainer>;
export type EnvVar = z.infer<typeof envVar>;
export type Toleration = z.infer<typeof toleration>;
