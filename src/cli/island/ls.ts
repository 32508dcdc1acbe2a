/** `atoll island ls`: the islands, as people want to see them. */
import { type ComputeIsland, ComputeIslandKind } from '../../api/computeisland.ts';
import { displayDuration } from '../../api/duration.ts';
import { withCluster } from '../cluster.ts';
import { type Format, formatOf, forPrograms, outputOptions } from '../output.ts';
import { painter } from '../paint.ts';
import { table } from '../table.ts';
import { type Call, clusterHelp, clusterOptions, noWords, type Verb } from '../verb.ts';

const help = `Usage: atoll island ls [options]

Lists the islands: where each stands, whether and when it was heard, its free GPUs of all, and the works there that have not ended.

Options:
  -o, --output FORMAT json, yaml or name
${clusterHelp}

Examples:
  atoll island ls
  atoll island ls -o name
`;

export const ls: Verb = {
  summary: 'list the islands',
  help,
  options: { ...clusterOptions, ...outputOptions },
  run: async (call) => {
    const format = formatOf(call, ['table', 'json', 'yaml', 'name']);
    noWords(call);
    const { items } = await withCluster(call, ({ client }) => client.list(ComputeIslandKind));
    call.io.out(print(items, format, call));
    const [first] = items;
    if (first && format === 'table') call.next(`atoll island check ${first.metadata.name}`, 'whether work can be placed there');
    return 0;
  },
};

function print(islands: ComputeIsland[], format: Format, { clock, io }: Call): string {
  const text = forPrograms(format, islands, ComputeIslandKind, false);
  if (text !== undefined) return text;
  if (islands.length === 0) return 'There are no islands yet: atoll island add NAME makes one.\n';
  const rows = islands.map((island) => rowOf(island, clock.now()));
  return table(['NAME', 'STATE', 'REACHABLE', 'HEARD', 'GPUS', 'JOBS', 'VERSION'], rows, painter(io));
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
