/** `atoll events`: what happened to a run, its data set, its experts and their placements, oldest first. */
import { displayDuration } from '../api/duration.ts';
import type { ExpertTraining } from '../api/experttraining.ts';
import { type Event, events as eventsType } from '../kube/core.ts';
import type { KubeObject } from '../kube/types.ts';
import { type Scope, withScope } from './cluster.ts';
import { type Format, formatOf, forPrograms, outputOptions } from './output.ts';
import { painter } from './paint.ts';
import { datasetOf, expertIndex, expertOptions, expertsOf, jobsOfRun, needExpert, needRun } from './run.ts';
import { table } from './table.ts';
import { type Call, oneWord, scopeHelp, scopeOptions, type Verb } from './verb.ts';

const help = `Usage: atoll events RUN [options]

Says what happened to a run, its data set, its experts and their placements, oldest first. Kubernetes keeps events for an hour.

Options:
  -e, --expert N      only of this expert
  --warnings          only warnings
  -o, --output FORMAT wide, json, yaml or name
${scopeHelp}

Examples:
  atoll events @latest
  atoll events digits -e 3 --warnings
`;

export const events: Verb = {
  summary: 'say what happened to a run',
  help,
  options: { ...scopeOptions, ...outputOptions, ...expertOptions, warnings: { type: 'boolean' } },
  word: 'run',
  run(call) {
    const name = oneWord(call, 'name of the run');
    const format = formatOf(call);
    const index = expertIndex(call);
    return withScope(call, async (scope) => {
      const run = await needRun(scope, name);
      const found = await eventsOf(scope, run, index);
      print(
        call,
        run,
        found.filter(({ type }) => !call.on('warnings') || type === 'Warning'),
        format,
      );
      return 0;
    });
  },
};

/** The events about a run and all that belongs to it, or about one expert and its placements, oldest first. */
export async function eventsOf(scope: Pick<Scope, 'client'>, run: ExpertTraining, index?: number): Promise<Event[]> {
  const { client } = scope;
  const { namespace = '' } = run.metadata;
  const [{ items }, experts, jobs, dataset] = await Promise.all([
    client.list(eventsType, { namespace }),
    expertsOf(scope, run),
    jobsOfRun(scope, run),
    datasetOf(scope, run),
  ]);
  const concerned: (KubeObject | undefined)[] =
    index === undefined
      ? [run, dataset, ...experts, ...jobs]
      : [needExpert(run, experts, index), ...jobs.filter(({ spec }) => spec.work.index === index)];
  const uids = new Set(concerned.flatMap((object) => object?.metadata.uid ?? []));
  return items.filter(({ regarding }) => uids.has(regarding?.uid ?? '')).toSorted((a, b) => lastSeen(a) - lastSeen(b));
}

export function lastSeen({ series, deprecatedLastTimestamp, eventTime, metadata }: Event): number {
  return Date.parse(series?.lastObservedTime ?? deprecatedLastTimestamp ?? eventTime ?? metadata.creationTimestamp ?? '') || 0;
}

/** `expert 3`, for people, of an object of Atoll that an event is about. */
function aboutOf({ regarding }: Event, wide: boolean): string {
  const { kind = '', name = '' } = regarding ?? {};
  const expert = /-e(\d{3})(?:-p(\d+))?$/.exec(name);
  if (wide || !expert) return `${kind} ${name}`;
  return `expert ${Number(expert[1])}${expert[2] === undefined ? '' : ` p${expert[2]}`}`;
}

function print(call: Call, run: ExpertTraining, found: readonly Event[], format: Format): void {
  const { io, clock } = call;
  const { name } = run.metadata;
  const text = forPrograms(format, found, { singular: 'event', group: 'events.k8s.io' }, false);
  if (text !== undefined) return io.out(text);
  if (found.length === 0) return io.err(`There are no events of run ${name} any more: Kubernetes keeps them for an hour.\n`);
  const rows = found.map((event) => {
    const times = event.series?.count ?? event.deprecatedCount ?? 1;
    const age = displayDuration(clock.now() - lastSeen(event));
    return [
      age,
      event.type ?? '',
      event.reason ?? '',
      aboutOf(event, format === 'wide'),
      `${event.note ?? ''}${times > 1 ? ` (${times} times)` : ''}`,
    ];
  });
  io.out(table(['AGE', 'TYPE', 'REASON', 'ABOUT', 'NOTE'], rows, painter(io)));
  call.next(`atoll explain ${name}`, 'why it stands where it does');
}
