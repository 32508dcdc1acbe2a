/** `npm run generate`: writes crds/ from the kinds. */
import { writeFile } from 'node:fs/promises';
import { stringify } from 'yaml';
import { admissionPolicy } from './admission.ts';
import { crd } from './crd.ts';
import { kinds } from './kinds.ts';

const header = '# Generated from src/api by `npm run generate`. Do not edit.\n';
const yaml = (value: unknown) => stringify(value, { lineWidth: 130, aliasDuplicateObjects: false });

/** Every generated file by its path in the repository. */
export function generated(): Map<string, string> {
  const files = new Map(kinds.map((kind) => [`crds/${kind.plural}.yaml`, header + yaml(crd(kind))]));
  const policies = kinds.flatMap((kind) => admissionPolicy(kind) ?? []);
  files.set('crds/frozen-fields.yaml', header + policies.map(yaml).join('---\n'));
  return files;
}

if (import.meta.main) {
  for (const [path, content] of generated()) await writeFile(new URL(`../../${path}`, import.meta.url), content);
}
