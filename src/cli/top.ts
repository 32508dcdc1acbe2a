/** `atoll top`: who uses which GPUs, by island and by run. */
import type { ComputeIsland } from '../api/computeisland.ts';
import type { IslandJob } from '../api/islandjob.ts';
import { runningWork } from '../hub/islands.ts';
import { withScope } from './cluster.ts';
import { type Ground, readGround } from './field.ts';
import { costText, hoursText, usageOf } from './gpuhours.ts';
import { dataText, formatOf, outputOptions } from './output.ts';
import { painter } from './paint.ts';
import { table } from './table.ts';
import { type Call, noWords, scopeHelp, scopeOptions, type Verb } from './verb.ts';

const help = `Usage: atoll top [options]

Says which GPUs are there, which are free as the islands reported last, and which runs hold them, with their GPU hours so far (of
the attempts that their placements remember) and what a run costs by the hour. Of every namespace that you may see.

Options:
  -o, --output FORMAT json or yaml
${scopeHelp}

Examples:
  atoll top
  atoll top -o json
`;

export const top: Verb = {
  summary: 'say who uses which GPUs, by island and by run',
  help,
  options: { ...scopeOptions, ...outputOptions },
  run(call) {
    noWords(call);
    const format = formatOf(call, ['table', 'json', 'yaml']);
    return withScope(call, async (scope) => {
      const use = useOf(await readGround(call, scope), call.clock.now());
      if (format === 'json' || format === 'yaml') call.io.out(dataText(format, use));
      else print(call, use);
      return 0;
    });
  },
};

interface IslandUse {
  island: string;
  state: string;
  gpus: number;
  free: number;
  /** Held by works of Atoll. */
  held: number;
  costPerGpuHour: number;
}
interface RunUse {
  namespace: string;
  run: string;
  gpus: number;
  islands: string[];
  gpuHours: number;
  costPerHour: number;
}
interface Use {
  islands: IslandUse[];
  runs: RunUse[];
}

function useOf({ islands, jobs }: Ground, now: number): Use {
  const holding = jobs.flatMap((job) => {
    const work = runningWork(job);
    return work && work.gpus > 0 ? [{ job, gpus: work.gpus }] : [];
  });
  const sum = (list: readonly { gpus: number }[]) => list.reduce((total, { gpus }) => total + gpus, 0);
  const costs = new Map(islands.map(({ metadata, spec }) => [metadata.name, Number(spec.cost ?? 0)]));
  const owners = Map.groupBy(holding, ({ job }) => job.spec.work.owner.uid);
  return {
    islands: islands.map((island) => ({
      ...capacityOf(island),
      held: sum(holding.filter(({ job }) => job.spec.island === island.metadata.name)),
    })),
    runs: [...owners.values()]
      .map((of): RunUse => {
        const [first] = of as [{ job: IslandJob; gpus: number }];
        const { namespace, owner } = first.job.spec.work;
        const own = jobs.filter(({ spec }) => spec.work.owner.uid === owner.uid);
        return {
          namespace,
          run: owner.name,
          gpus: sum(of),
          islands: [...new Set(of.map(({ job }) => job.spec.island))].toSorted((a, b) => a.localeCompare(b)),
          gpuHours: usageOf(own, islands, now).hours,
          costPerHour: of.reduce((total, { job, gpus }) => total + gpus * (costs.get(job.spec.island) ?? 0), 0),
        };
      })
      .toSorted((a, b) => b.gpus - a.gpus || a.run.localeCompare(b.run)),
  };
}

function capacityOf({ metadata, spec, status }: ComputeIsland): Omit<IslandUse, 'held'> {
  const pools = status?.capacity?.gpus ?? [];
  return {
    island: metadata.name,
    state: status?.state ?? 'NotJoined',
    gpus: pools.reduce((total, pool) => total + pool.total, 0),
    free: pools.reduce((total, pool) => total + pool.free, 0),
    costPerGpuHour: Number(spec.cost ?? 0),
  };
}

function print(call: Call, { islands, runs }: Use): void {
  const { io } = call;
  if (islands.length === 0) return io.err('There are no islands yet: atoll island add NAME makes one.\n');
  const places = islands.map((one) => [
    one.island,
    one.state,
    String(one.gpus),
    String(one.free),
    String(one.held),
    costText(one.costPerGpuHour),
  ]);
  io.out(table(['ISLAND', 'STATE', 'GPUS', 'FREE', 'HELD', 'COST/GPU-H'], places, painter(io)));
  if (runs.length === 0) return io.out('\nNo run holds a GPU.\n');
  const rows = runs.map((one) => [
    one.namespace,
    one.run,
    String(one.gpus),
    one.islands.join(','),
    hoursText(one.gpuHours),
    costText(one.costPerHour),
  ]);
  io.out(`\n${table(['NAMESPACE', 'RUN', 'GPUS', 'ISLANDS', 'GPU-H', 'COST/H'], rows)}`);
  const [first] = runs;
  call.next(`atoll report ${first?.run} -n ${first?.namespace}`, 'what it has used and where it stands');
}
