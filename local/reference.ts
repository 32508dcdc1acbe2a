/** `npm run generate`: writes what the tables of metrics and alerts give, for the chart and for docs/reference. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { alertsTemplate } from '../src/metrics/alerts/table.ts';
import { boardFiles } from '../src/metrics/boards/table.ts';
import { checkout } from './paths.ts';

const header = '{{- /* Generated from src/metrics/alerts by `npm run generate`. Do not edit. */}}\n';

/** Every file by its path in the repository. */
export async function referenceFiles(): Promise<Map<string, string>> {
  return new Map([
    ['charts/atoll/templates/monitoring/_alerts.tpl', header + alertsTemplate()],
    ...[...boardFiles()].map(([name, text]): [string, string] => [`charts/atoll/boards/${name}`, text]),
  ]);
}

if (import.meta.main) {
  for (const [path, content] of await referenceFiles()) {
    const file = join(checkout, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
  }
}
