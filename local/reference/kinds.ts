/** A page for each kind: every field of spec and status, from the same schemas as the CRDs. */
import { specSchema } from '../../src/api/crd.ts';
import type { KindInfo } from '../../src/api/kind.ts';
import { kinds } from '../../src/api/kinds.ts';
import { lower } from '../../src/api/structural.ts';
import { fieldsOf, type Schema } from './fields.ts';
import { code, page, table } from './markdown.ts';

const head = ['field', 'type', 'default', 'what'];

function fieldTable(schema: Schema): string {
  const rows = fieldsOf(schema).map(({ path, type, required, standard, description }) => [
    code(path),
    type,
    required ? 'required' : code(standard),
    description,
  ]);
  return table(head, rows);
}

export function kindPage(kind: KindInfo): string {
  const columns = kind.columns.map(({ name, description, wide }) => [name.toUpperCase(), wide ? '`-o wide`' : '', description]);
  const { schema } = specSchema(kind);
  const live = Object.entries(kind.freeze.live).map(([path, when]) => `- \`${path}\`: ${when}`);
  return page(
    kind.kind,
    `${kind.description} Short name \`${kind.shortNames.join('`, `')}\`, ${kind.namespaced ? 'in a namespace' : 'for the whole cluster'}, \`${kind.group}/${kind.version}\`.`,
    `## What may change\n\n${live.length > 0 ? `After creation these fields of \`spec\` may change:\n\n${live.join('\n')}\n\nEvery other` : 'After creation no'} field of \`spec\` ${live.length > 0 ? 'is frozen' : 'may change'}: ${kind.freeze.instead}.`,
    `## spec\n\n${fieldTable(schema)}`,
    `## status\n\nWritten by Atoll only.\n\n${fieldTable(lower(kind.status, `${kind.kind}.status`))}`,
    `## Columns of \`kubectl get\`\n\n${table(['column', 'shown with', 'what'], columns)}`,
    `Field selectors: ${kind.selectable.map((path) => code(path.slice(1))).join(', ') || 'none'}.`,
  );
}

export const kindPages = (): [string, string][] => kinds.map((kind) => [`${kind.kind.toLowerCase()}.md`, kindPage(kind)]);
