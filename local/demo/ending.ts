/** What the demo says when the ensemble is there: who ran where, where the result lies, and what to try next. */
import { join, relative } from 'node:path';
import type { DemoDashboard } from './dashboard.ts';
import type { Place } from './place.ts';
import type { Result } from './results.ts';

export interface EndingOptions {
  place: Place;
  namespace: string;
  bucket: string;
  result: Result;
  dashboard: DemoDashboard;
  /** Whether the clusters stay up until Ctrl-C. */
  keep: boolean;
}

/** The islands and the experts as a user sees them, with the commands that show them. */
export async function whoRanWhere({ hub }: Place, namespace: string): Promise<string> {
  const commands = [
    ['get', 'isl'],
    ['-n', namespace, 'get', 'es'],
  ];
  const shown: string[] = [];
  for (const args of commands) shown.push(`$ kubectl ${args.join(' ')}\n${(await hub.kubectl(args)).stdout.trimEnd()}`);
  return `\n${shown.join('\n\n')}\n`;
}

export function ending({ place, namespace, bucket, result, dashboard, keep }: EndingOptions): string {
  const show = (path: string) => relative(process.cwd(), path);
  const there = `
The ensemble is published:
  manifest   s3://${bucket}/${result.manifest}
  digest     ${result.digest}
  samples    ${join(show(result.folder), 'grid.png')}
  metrics    ${join(show(result.folder), 'metrics.json')}
  bucket     ${show(join(place.storage.objects, bucket))} (object store at ${place.storage.endpoint})
`;
  if (!keep) return there;
  const kubectl = (cluster: { kubeconfigPath: string }) => `kubectl --kubeconfig ${show(cluster.kubeconfigPath)} -n ${namespace}`;
  const hub = kubectl(place.hub);
  const islands = [...place.islands].filter(([, cluster]) => cluster !== place.hub);
  return `${there}
${islands.length > 0 ? 'The clusters are' : 'The cluster is'} still up. The dashboard is at ${dashboard.url}, its token in ${show(dashboard.tokenFile)}. In another terminal:
  export PATH="$(npm run --silent local -- bin):$PATH"
  ${hub} get eds,et,es,ij,isl
  ${hub} describe et digits
  ${hub} explain et.spec.expert
${islands.map(([name, cluster]) => `  ${kubectl(cluster)} get ij,jobs,pods   # island ${name}\n`).join('')}
Ctrl-C stops and removes everything but .atoll/demo.
`;
}
