/** `npm run generate`: writes what the tables of metrics and alerts give, for the chart and for docs/reference. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { alertsTemplate } from '../src/metrics/alerts/table.ts';
import { boardFiles } from '../src/metrics/boards/table.ts';
import { checkout } from './paths.ts';
import { contractPage, manifestPage } from './reference/contract.ts';
import { kindPages } from './reference/kinds.ts';
import { alertsPage, metricsPage } from './reference/monitoring.ts';
import { settingsPage } from './reference/settings.ts';
import { valuesPage } from './reference/values.ts';
import { namesPage, reasonsPage } from './reference/words.ts';

const header = '{{- /* Generated from src/metrics/alerts by `npm run generate`. Do not edit. */}}\n';

/** The pages of docs/reference by their name. */
export async function pages(): Promise<[name: string, text: string][]> {
  return [
    ...kindPages(),
    ['reasons.md', reasonsPage()],
    ['names.md', await namesPage()],
    ['metrics.md', metricsPage()],
    ['alerts.md', await alertsPage()],
    ['values.md', await valuesPage()],
    ['settings.md', settingsPage()],
    ['contract.md', contractPage()],
    ['manifest.md', manifestPage()],
  ];
}

/** Every file by its path in the repository. */
export async function referenceFiles(): Promise<Map<string, string>> {
  return new Map([
    ['charts/atoll/templates/monitoring/_alerts.tpl', header + alertsTemplate()],
    ...[...boardFiles()].map(([name, text]): [string, string] => [`charts/atoll/boards/${name}`, text]),
    ...(await pages()).map(([name, text]): [string, string] => [`docs/reference/${name}`, text]),
  ]);
}

if (import.meta.main) {
  for (const [path, content] of await referenceFiles()) {
    const file = join(checkout, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
  }
}
