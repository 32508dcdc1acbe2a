/** `atoll island check`: whether work can be placed on an island, and what to do when not. */

import { needIsland, withCluster } from '../cluster.ts';
import { type Finding, ok, printFindings, warning } from '../findings.ts';
import { readRelease } from '../release.ts';
import { skewOf } from '../skew.ts';
import { count } from '../table.ts';
import { clusterHelp, clusterOptions, oneWord, type Verb } from '../verb.ts';
import { islandFindings } from './findings.ts';
import { hasEnded, jobsOf } from './jobs.ts';

const help = `Usage: atoll island check NAME [options]

Says whether work can be placed on an island: whether it is heard, what it has, whether its version goes with the hub's, and what
stands still there. Each line that is not ok says what to do. Exit code 1 when something is wrong.

Options:
${clusterHelp}

Examples:
  atoll island check west
`;

export const check: Verb = {
  summary: 'say whether work can be placed on an island',
  help,
  options: clusterOptions,
  word: 'island',
  run(call) {
    const name = oneWord(call, 'name of the island');
    return withCluster(call, async (cluster) => {
      const island = await needIsland(cluster, name);
      const [jobs, release] = await Promise.all([jobsOf(cluster, name), readRelease(cluster)]);
      const skew = skewOf('island', island.status?.version, release.found?.version);
      const versions: Finding[] =
        skew === 'same as the hub'
          ? [ok(`version ${island.status?.version}, ${skew}`)]
          : island.status?.version === undefined || !release.found
            ? []
            : [warning(`version ${island.status.version} is ${skew.split(':')[0]}`, skew.split(': ')[1] ?? '')];
      const stuck = jobs.filter((job) => !hasEnded(job) && job.status?.state !== 'Running' && job.status?.message);
      const works = stuck
        .slice(0, 10)
        .map(({ metadata, status }) =>
          warning(
            `${metadata.namespace}/${metadata.name} is ${status?.state} (${status?.reason ?? 'no reason'}): ${status?.message}`,
            `atoll explain ${metadata.labels?.['atoll.dev/training'] ?? 'RUN'} -n ${metadata.namespace}`,
          ),
        );
      const code = printFindings(call, [...islandFindings(island, call.clock.now()), ...versions, ...works]);
      const running = jobs.filter((job) => !hasEnded(job)).length;
      call.io.out(`${count(running, 'work')} there.\n`);
      call.next('atoll top', 'who uses its GPUs');
      return code;
    });
  },
};
