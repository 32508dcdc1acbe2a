/** `atoll version`: of this program, of the hub and of every island, and whether they get along. */
import { ComputeIslandKind } from '../api/computeisland.ts';
import { messageOf } from '../kube/errors.ts';
import { type Scope, withScope } from './cluster.ts';
import { dataText, formatOf, outputOptions } from './output.ts';
import { painter } from './paint.ts';
import { readRelease } from './release.ts';
import { skewOf } from './skew.ts';
import { table } from './table.ts';
import { type Call, noWords, scopeHelp, scopeOptions, type Verb } from './verb.ts';

const help = `Usage: atoll version [options]

Says the version of this program, of the hub and of every island, and which of them should be upgraded. Without a cluster in reach
it says its own version, and why it says no more.

Options:
  --client            only of this program, without asking any cluster
  -o, --output FORMAT json or yaml
${scopeHelp}

Examples:
  atoll version
  atoll version --client
  atoll version -o json
`;

interface Versions {
  client: string;
  hub?: { version?: string; kubernetes: string; why?: string };
  islands?: { name: string; version?: string; kubernetes?: string }[];
  why?: string;
}

export const version: Verb = {
  summary: 'say the versions of client, hub and islands, and whether they get along',
  help,
  options: { ...scopeOptions, ...outputOptions, client: { type: 'boolean' } },
  async run(call) {
    noWords(call);
    const format = formatOf(call, ['table', 'json', 'yaml']);
    const versions = call.on('client') ? { client: call.version } : await ask(call);
    if (format === 'json' || format === 'yaml') call.io.out(dataText(format, versions));
    else if (call.on('client')) call.io.out(`${call.version}\n`);
    else {
      print(call, versions);
      call.next('atoll check', 'whether everything that a run needs is there');
    }
    return 0;
  },
};

async function ask(call: Call): Promise<Versions> {
  const client = call.version;
  try {
    return await withScope(call, async (scope) => ({ client, ...(await askHub(scope, call.signal)) }));
  } catch (error) {
    return { client, why: messageOf(error) };
  }
}

async function askHub({ client, hub }: Scope, signal: AbortSignal): Promise<Pick<Versions, 'hub' | 'islands'>> {
  const [{ gitVersion }, release, { items }] = await Promise.all([
    client.version(signal),
    readRelease(hub),
    client.list(ComputeIslandKind, { signal }),
  ]);
  const of = release.found ? { version: release.found.version } : { why: release.why };
  const islands = items.map(({ metadata, status }) => ({
    name: metadata.name,
    ...(status?.version === undefined ? {} : { version: status.version }),
    ...(status?.kubernetes === undefined ? {} : { kubernetes: status.kubernetes }),
  }));
  return { hub: { kubernetes: gitVersion, ...of }, islands };
}

function print({ io }: Call, { client, hub, islands = [], why }: Versions): void {
  const rows = [
    ['client', client, '', hub ? skewOf('client', client, hub.version) : ''],
    ...(hub ? [['hub', hub.version ?? '-', hub.kubernetes, hub.why ?? '']] : []),
    ...islands.map((island) => [
      `island ${island.name}`,
      island.version ?? '-',
      island.kubernetes ?? '-',
      island.version === undefined ? 'has not joined yet' : skewOf('island', island.version, hub?.version),
    ]),
  ];
  io.out(table(['PART', 'VERSION', 'KUBERNETES', 'VERDICT'], rows, painter(io)));
  if (why !== undefined) io.err(`atoll: the hub is not asked: ${why}\n`);
}
