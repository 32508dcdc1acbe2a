/** A store as the operator's settings and the courier's configuration name it. */
import { z } from 'zod';

export const storeConfig = z.object({
  name: z
    .string()
    .max(63)
    .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, 'must be lower-case letters, digits and "-"'),
  endpoint: z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }).optional(),
  region: z.string().max(64).default('us-east-1'),
  bucket: z.string().min(3).max(63),
  pathStyle: z.boolean().default(false),
});

export type StoreConfig = z.infer<typeof storeConfig>;
