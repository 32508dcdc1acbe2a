/** `npm run generate`: writes crds/ and the chart's templates of them from the kinds. */
import { writeFile } from 'node:fs/promises';
import { stringify } from 'yaml';
import { admissionPolicy } from './admission.ts';
import { crd } from './crd.ts';
import type { KindInfo } from './kind.ts';
import { kinds } from './kinds.ts';

const header = '# Generated from src/api by `npm run generate`. Do not edit.\n';
const yaml = (value: unknown) => stringify(value, { lineWidth: 130, aliasDuplicateObjects: false });

/** Every generated file by its path in the repository. */
export function generated(): Map<string, string> {
  const files = new Map(kinds.map((kind) => [`crds/${kind.plural}.yaml`, header + yaml(crd(kind))]));
  const policies = kinds.flatMap((kind) => admissionPolicy(kind) ?? []);
  files.set('crds/frozen-fields.yaml', header + policies.map(yaml).join('---\n'));
  for (const kind of kinds) files.set(`charts/atoll/templates/crds/${kind.plural}.yaml`, template(kind));
  return files;
}

/** The kind and what guards it as a template of the chart. An island holds IslandJobs alone. */
function template(kind: KindInfo): string {
  const wanted = kind.kind === 'IslandJob' ? '.Values.crds.enabled' : 'and .Values.crds.enabled (ne .Values.role "island")';
  const objects = [crd(kind), ...(admissionPolicy(kind) ?? [])].map((object) => kept(yaml(object)));
  return `${header}{{- if ${wanted} }}\n${objects.join('---\n')}{{- end }}\n`;
}

const keep = `  {{- if .Values.crds.keep }}
  annotations:
    helm.sh/resource-policy: keep
  {{- end }}
`;

/** The text of an object with the annotation by which Helm leaves it in the cluster. */
function kept(text: string): string {
  if (text.includes('{{')) throw new Error('cannot make a template of text that holds {{: Helm would read it');
  const [head = '', ...rest] = text.split(/^spec:\n/m);
  return `${head}${keep}spec:\n${rest.join('spec:\n')}`;
}

if (import.meta.main) {
  for (const [path, content] of generated()) await writeFile(new URL(`../../${path}`, import.meta.url), content);
}
