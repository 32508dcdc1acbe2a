/** Where a run stands, in a sentence and work by work. Pure. */
import type { ExpertDataset } from '../api/expertdataset.ts';
import type { ExpertShard } from '../api/expertshard.ts';
import type { ExpertTraining } from '../api/experttraining.ts';
import type { WorkFailure, WorkState, WorkStatus } from '../api/work.ts';

/** Nothing keeps a work in these states. */
const going: readonly WorkState[] = ['Running', 'Publishing', 'Accepted'];

export interface Standing {
  /** `expert 3`, `router`, `evaluation` or `data set`. */
  title: string;
  work: number | 'router' | 'evaluation' | 'partition';
  state: WorkState;
  reason: string;
  message: string;
  island?: string | undefined;
  /** The last attempt that failed. */
  failure?: WorkFailure | undefined;
}

/** What of the run does not go on, in the order in which it matters. */
export function standstill(run: ExpertTraining, experts: readonly ExpertShard[], dataset: ExpertDataset | undefined): Standing[] {
  const { router, evaluation } = run.status ?? {};
  const works: [
    Standing['title'],
    Standing['work'],
    Pick<WorkStatus, 'state' | 'reason' | 'message' | 'island' | 'failure'> | undefined,
  ][] = [
    ['data set', 'partition', dataset?.status?.work],
    ...experts.map((shard): (typeof works)[number] => [
      `expert ${shard.spec.index}`,
      shard.spec.index,
      shard.status ?? { state: 'Waiting' },
    ]),
    ['router', 'router', router],
    ['evaluation', 'evaluation', evaluation],
  ];
  return works.flatMap(([title, work, status]) => {
    if (!status || going.includes(status.state)) return [];
    const { state, reason, message = '', island, failure } = status;
    return [{ title, work, state, reason: reason ?? state, message, island, failure }];
  });
}

/** `Run digits is Running: 2 experts run (1/4 experts accepted, 52% done, 2m left).` */
export function sentenceOf({ metadata, status }: ExpertTraining): string {
  const { experts, progress, eta } = status?.display ?? {};
  const state = status?.state ?? 'Pending';
  const facts = [experts && acceptedText(experts), progress && `${progress} done`, eta && `${eta} left`].filter(Boolean);
  const why = whyOf(status);
  const more = facts.length === 0 ? '' : ` (${facts.join(', ')})`;
  return `Run ${metadata.name} is ${state}${why === undefined ? '' : `: ${why}`}${more}.`;
}

/** `0/2, 1 blocked` as a column has it → `0/2 experts accepted, 1 blocked`. */
export const acceptedText = (column: string): string => column.replace(/^[^,]+/, '$& experts accepted');

/** The condition that says most about the state. */
export function decisive(
  status: ExpertTraining['status'],
): NonNullable<ExpertTraining['status']>['conditions'][number] | undefined {
  const find = (type: string) => status?.conditions.find((one) => one.type === type);
  const ends = [find('Failed'), find('Complete'), find('Suspended')].find((one) => one?.status === 'True');
  const validated = find('Validated');
  return ends ?? (validated && validated.status !== 'True' ? validated : find('Progressing'));
}

function whyOf(status: ExpertTraining['status']): string | undefined {
  const condition = decisive(status);
  if (!condition) return status ? undefined : 'the hub has not looked at it yet';
  return condition.message === '' ? condition.reason : `${condition.reason}, ${condition.message.replace(/\.$/, '')}`;
}
