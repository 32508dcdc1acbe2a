/** `atoll island ls`: the islands, as people want to see them. */
import { type ComputeIsland, ComputeIslandKind } from '../../api/computeisland.ts';
import { displayDuration } from '../../api/duration.ts';
import { withCluster } from '../cluster.ts';
import { table } from '../table.ts';
import { type Call, CommandLineError, clusterHelp, clusterOptions, type Verb } from '../verb.ts';

const help = `Usage: atoll island ls [options]

Lists the islands: where each stands, whether and when it was heard, its free GPUs of all, and the works there that have not ended.

Options:
  -o, --output FORMAT json, or name
${clusterHelp}
`;

export const ls: Verb = {
  summary: 'list the islands',
  help,
  options: { ...clusterOptions, output: { type: 'string', short: 'o' } },
  run: async (call) => {
    const format = call.text('output') ?? 'table';
    if (!['table', 'json', 'name'].includes(format)) throw new CommandLineError(`--output "${format}" is neither json nor name`);
    if (call.words.length > 0) throw new CommandLineError(`no word is expected: ${call.words.join(' ')}`);
    const { items } = await withCluster(call, ({ client }) => client.list(ComputeIslandKind));
    call.io.out(print(items, format, call));
    return 0;
  },
};

function print(islands: ComputeIsland[], format: string, { clock }: Call): string {
  if (format === 'json') return `${JSON.stringify({ apiVersion: 'v1', kind: 'List', items: islands }, null, 2)}\n`;
  if (format === 'name') return islands.map(({ metadata }) => `computeisland.atoll.dev/${metadata.name}\n`).join('');
  if (islands.length === 0) return 'There are no islands yet: atoll island add NAME makes one.\n';
  const rows = islands.map((island) => rowOf(island, clock.now()));
  return table(['NAME', 'STATE', 'REACHABLE', 'HEARD', 'GPUS', 'JOBS', 'VERSION'], rows);
}

function rowOf({ metadata, spec, status }: ComputeIsland, now: number): string[] {
  const marks = [spec.drain ? 'draining' : spec.cordoned ? 'cordoned' : '', spec.approved ? '' : 'not approved'];
  const state = [status?.state ?? 'NotJoined', ...marks.filter((mark) => mark !== '')].join(', ');
  const reachable = status?.conditions?.find(({ type }) => type === 'Reachable')?.status ?? 'Unknown';
  const heard = status?.lastHeard === undefined ? 'never' : `${displayDuration(now - Date.parse(status.lastHeard))} ago`;
  const gpus = status?.capacity?.gpus ?? [];
  const sum = (of: (one: (typeof gpus)[number]) => number) => gpus.reduce((total, one) => total + of(one), 0);
  const free = status?.capacity === undefined ? '-' : `${sum((one) => one.free)}/${sum((one) => one.total)}`;
  return [metadata.name, state, reachable, heard, free, String(status?.jobs ?? 0), status?.version ?? '-'];
}
