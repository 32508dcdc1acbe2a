/** `atoll report`: a run as a page of Markdown, to be kept or sent. */
import { displayDuration } from '../api/duration.ts';
import type { ExpertShard } from '../api/expertshard.ts';
import type { ExpertTraining } from '../api/experttraining.ts';
import type { WorkStatus } from '../api/work.ts';
import { timestamp } from '../clock.ts';
import type { Event } from '../kube/core.ts';
import { type Scope, withScope } from './cluster.ts';
import { eventsOf, lastSeen } from './events.ts';
import { readGround } from './field.ts';
import { costText, hoursText, usageOf } from './gpuhours.ts';
import { code, markdownTable } from './markdown.ts';
import { remainsPage } from './remains.ts';
import { datasetOf, expertsOf, jobsOfRun, needRun } from './run.ts';
import { sentenceOf } from './standing.ts';
import { storeHelp, storeOptions } from './store.ts';
import { type Call, CommandLineError, oneWord, scopeHelp, scopeOptions, type Verb } from './verb.ts';

const help = `Usage: atoll report RUN [options]
       atoll report RUN --deleted [options]

Writes a run as a page of Markdown: where it stands, every expert with its island, steps, failures and digest, router, evaluation,
GPU hours and warnings. Digests are whole, so that the page says what was made. With --deleted it is written from what a run that is
gone has left in its bucket: manifests, and the history that lies beside each checkpoint.

Options:
  --deleted           of a run that was deleted; RUN is its name, or NAME.UID8 where several of one name have left something
  --store NAME        with --deleted: store of the hub's settings (default: default)
  --prefix PREFIX     with --deleted: its spec.storage.prefix (default: atoll/)
${storeHelp}
${scopeHelp}

Examples:
  atoll report digits > digits.md
  atoll report @latest -n research
  atoll report digits --deleted
`;

export const report: Verb = {
  summary: 'write a run as a page of Markdown',
  help,
  options: {
    ...scopeOptions,
    ...storeOptions,
    deleted: { type: 'boolean' },
    store: { type: 'string' },
    prefix: { type: 'string' },
  },
  word: 'run',
  run(call) {
    const name = oneWord(call, 'name of the run');
    const deleted = call.on('deleted');
    for (const flag of ['store', 'prefix', 'endpoint', 'bucket', 'region', 'secret'])
      if (!deleted && call.text(flag) !== undefined) throw new CommandLineError(`--${flag} is for --deleted`);
    return withScope(call, async (scope) => {
      if (deleted) {
        call.io.out(await remainsPage(call, scope, name));
        return 0;
      }
      const run = await needRun(scope, name);
      call.io.out(await pageOf(call, scope, run));
      if (run.status?.state === 'Complete')
        call.next(`atoll pull ${run.metadata.name} ./${run.metadata.name}`, 'bring its ensemble here, every digest verified');
      return 0;
    });
  },
};

async function pageOf(call: Call, scope: Scope, run: ExpertTraining): Promise<string> {
  const [experts, dataset, jobs, events, ground] = await Promise.all([
    expertsOf(scope, run),
    datasetOf(scope, run),
    jobsOfRun(scope, run),
    eventsOf(scope, run),
    readGround(call, scope),
  ]);
  const now = call.clock.now();
  const usage = usageOf(jobs, ground.islands, now);
  const { router, evaluation, ensemble } = run.status ?? {};
  const data = dataset?.status;
  const works: [string, Work | undefined][] = [
    ...experts.map((shard): [string, Work | undefined] => [`expert ${shard.spec.index}`, shard.status]),
    ...(run.spec.router ? [['router', router] as [string, Work | undefined]] : []),
    ...(run.spec.evaluation ? [['evaluation', evaluation] as [string, Work | undefined]] : []),
  ];
  const facts: [string, string][] = [
    [
      'Data set',
      `${run.spec.dataset}, ${data?.samples ?? '?'} samples in ${data?.shards?.length ?? '?'} shards, skew ${data?.skew ?? '?'}`,
    ],
    ['Data set digest', code(run.status?.snapshot?.dataset?.digest ?? data?.digest)],
    ['Started', run.status?.startedAt ?? 'not yet'],
    ['Took', tookText(run, now)],
    ['GPU hours', hoursText(usage.hours)],
    ...(usage.cost > 0 ? [['Cost', costText(usage.cost)] as [string, string]] : []),
    ...(ensemble ? [['Ensemble digest', code(ensemble.digest)] as [string, string]] : []),
  ];
  return (
    [
      `# ${run.metadata.namespace}/${run.metadata.name}`,
      sentenceOf(run),
      markdownTable(['', ''], facts),
      '## Works',
      markdownTable(['Work', 'State', 'Island', 'Step', 'Loss', 'Failures', 'Placement', 'Digest'], works.map(workRow)),
      ...failures(experts),
      ...metricsOf(ensemble?.metrics),
      ...warnings(events),
      `Written ${timestamp(now)} by atoll ${call.version}.`,
    ].join('\n\n') + '\n'
  );
}

type Work = Omit<WorkStatus, 'restarts'> & { restarts?: number };

function workRow([title, work]: readonly [string, Work | undefined]): string[] {
  if (!work) return [title, 'Waiting', '', '', '', '', '', ''];
  const { state, island, progress, accepted, restarts, placement, attempt } = work;
  const step = accepted?.step ?? progress?.step;
  return [
    title,
    state,
    island ?? '',
    step === undefined ? '' : String(step),
    progress?.loss ?? '',
    String(restarts ?? 0),
    placement === 0 ? '' : `p${placement}a${attempt}`,
    code(accepted?.digest),
  ];
}

function failures(experts: readonly ExpertShard[]): string[] {
  const rows = experts.flatMap(({ spec, status }) => {
    const failed = status?.failure;
    if (!failed) return [];
    const step = failed.step === undefined ? '' : String(failed.step);
    return [[`expert ${spec.index}`, failed.class ?? '', failed.node ?? '', step, failed.message ?? '']];
  });
  return rows.length === 0 ? [] : ['## Last failures', markdownTable(['Work', 'Class', 'Node', 'Step', 'Message'], rows)];
}

function metricsOf(metrics: Readonly<Record<string, string>> | undefined): string[] {
  const rows = Object.entries(metrics ?? {});
  return rows.length === 0 ? [] : ['## Metrics of the ensemble', markdownTable(['Metric', 'Value'], rows)];
}

const mostWarnings = 20;

function warnings(events: readonly Event[]): string[] {
  const rows = events
    .filter(({ type }) => type === 'Warning')
    .slice(-mostWarnings)
    .map((event) => [timestamp(lastSeen(event)), event.reason ?? '', event.regarding?.name ?? '', event.note ?? '']);
  return rows.length === 0 ? [] : ['## Warnings', markdownTable(['When', 'Reason', 'About', 'Note'], rows)];
}

function tookText({ status }: ExpertTraining, now: number): string {
  if (status?.startedAt === undefined) return '';
  const end = status.completedAt === undefined ? now : Date.parse(status.completedAt);
  return displayDuration(end - Date.parse(status.startedAt));
}
