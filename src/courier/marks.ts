/** Small files by which restore and publish, and a courier before and after its own restart, tell each other how far things are. */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { z } from 'zod';

/** `.claimed`: this pod owns the attempt. */
export const claimedMark = z.object({ podUid: z.string() });

/** `.restored`: restore is done. */
export const restoredMark = z.object({
  resumedFrom: z.object({ manifest: z.string(), digest: z.string(), step: z.int() }).optional(),
  /** Manifests that did not verify. */
  skipped: z.array(z.string()),
});

export type RestoredMark = z.infer<typeof restoredMark>;

/** Whole or not at all: written beside and renamed. */
export async function writeMark(path: string, value: unknown): Promise<void> {
  await writeFile(`${path}.tmp`, JSON.stringify(value));
  await rename(`${path}.tmp`, path);
}

/** Undefined when there is no such file, or none that can be understood. */
export async function readMark<T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> {
  try {
    return schema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return undefined;
  }
}
