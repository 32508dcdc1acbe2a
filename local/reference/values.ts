/** The values of the chart, with the comments that stand above them in values.yaml. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkout } from '../paths.ts';
import { code, page, table } from './markdown.ts';

export interface Value {
  readonly path: string;
  /** As it stands in the file; empty for a map with keys of its own. */
  readonly standard: string;
  /** Its own comment, or that of the keys right above it, or of the map that it is in. */
  readonly text: string;
  /** Lines of the comment that show what to write. */
  readonly example: string;
}

/** Every value of a values.yaml, in order. */
export function valuesIn(yaml: string): Value[] {
  const values: Value[] = [];
  /** The keys that lead to the present line, with their indentation and the comment that their siblings share. */
  let parents: { indent: number; path: string }[] = [];
  let comment: string[] = [];
  const shared = new Map<string, string>();
  for (const line of yaml.split('\n')) {
    const said = /^ *#(?: (.*))?$/.exec(line);
    const [, space = '', key, value = ''] = /^( *)([A-Za-z]+):(?: (.*))?$/.exec(line) ?? [];
    if (said) comment.push(said[1] ?? '');
    if (line === '') {
      comment = [];
      shared.clear();
    }
    if (key === undefined) continue;
    parents = parents.filter(({ indent }) => indent < space.length);
    const parent = parents.at(-1)?.path ?? '';
    const path = parent === '' ? key : `${parent}.${key}`;
    const isExample = (one: string) => one.startsWith('  ');
    const words = comment.filter((one) => !isExample(one)).join(' ');
    if (words !== '') shared.set(parent, words);
    const text = shared.get(parent) ?? values.find((one) => one.path === parent)?.text ?? '';
    values.push({ path, standard: value, text, example: comment.filter(isExample).join('\n') });
    comment = [];
    parents.push({ indent: space.length, path });
    shared.delete(path);
  }
  return values;
}

export const chartValues = async (): Promise<Value[]> =>
  valuesIn(await readFile(join(checkout, 'charts/atoll/values.yaml'), 'utf8'));

export async function valuesPage(): Promise<string> {
  const alerts = 'metrics.rules.alerts.';
  const shown = (await chartValues()).filter(({ path }) => !path.startsWith(alerts));
  const rows = shown.flatMap(({ path, standard, text }) => (standard + text === '' ? [] : [[code(path), code(standard), text]]));
  const examples = shown.flatMap(({ path, example }) =>
    example === '' ? [] : [`## ${path}\n\n\`\`\`yaml\n${path}:\n${example}\n\`\`\``],
  );
  return page(
    'Values of the chart',
    'One chart for a hub, an island, or both on one cluster: `charts/atoll`. `values.schema.json` refuses every key that is not here, by its name. The alerts below `metrics.rules.alerts` are in [Alerts](alerts.md).',
    table(['value', 'default', 'what'], rows),
    ...examples,
  );
}
