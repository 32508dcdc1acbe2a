/** Where the built page lies: beside the bundle, or, when the source is run as it is, where it is built to. */
import { fileURLToPath } from 'node:url';

export const builtPage: string = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../../../dist/ui/' : './ui/', import.meta.url),
);
