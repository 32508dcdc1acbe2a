/** Asking the hub for something about one work of a run, and seeing what becomes of it. */
import { type ExpertDataset, ExpertDatasetKind } from '../api/expertdataset.ts';
import { ExpertShardKind } from '../api/expertshard.ts';
import { type ExpertTraining, ExpertTrainingKind } from '../api/experttraining.ts';
import type { requestAnnotations } from '../api/labels.ts';
import type { WorkName } from '../api/requests.ts';
import type { WorkState, WorkStatus } from '../api/work.ts';
import { isConflict } from '../kube/errors.ts';
import { type KubeObject, keyOf, type ResourceType } from '../kube/types.ts';
import { patchObject, type Scope } from './cluster.ts';
import { until } from './follow.ts';
import { datasetOf, expertIndex, expertsOf, needExpert } from './run.ts';
import { type Call, CommandFailure, CommandLineError, exitCodes, type Options } from './verb.ts';

/** The work that a request is about, as it stands now. */
export interface Asked {
  work: WorkName;
  /** `expert 3`, `the router`, `the evaluation` or `the partition`. */
  title: string;
  status: WorkStatus | undefined;
  /** Whose annotation asks for it: the run, or its data set. */
  owner: Owner;
}

type Owner =
  | { type: ResourceType<ExpertTraining>; object: ExpertTraining }
  | { type: ResourceType<ExpertDataset>; object: ExpertDataset };

export const workOptions = {
  expert: { type: 'string', short: 'e' },
  router: { type: 'boolean' },
  evaluation: { type: 'boolean' },
  partition: { type: 'boolean' },
} satisfies Options;

export const workHelp = `  -e, --expert N      the expert of this index
  --router            the router
  --evaluation        the evaluation
  --partition         the partition of its data set`;

/** The one work that the flags name. */
export async function needWork(call: Call, scope: Scope, run: ExpertTraining): Promise<Asked> {
  const index = expertIndex(call);
  const named = [index !== undefined, call.on('router'), call.on('evaluation'), call.on('partition')].filter(Boolean).length;
  if (named !== 1) throw new CommandLineError('name one work: -e N, --router, --evaluation or --partition');
  if (call.on('partition')) {
    const dataset = await datasetOf(scope, run);
    if (!dataset) throw new CommandFailure(`cannot find the ExpertDataset ${run.spec.dataset} of run ${run.metadata.name}`);
    const owner: Owner = { type: ExpertDatasetKind, object: dataset };
    return { work: 'partition', title: 'the partition', status: dataset.status?.work, owner };
  }
  const owner: Owner = { type: ExpertTrainingKind, object: run };
  if (index !== undefined) {
    const { status } = needExpert(run, await expertsOf(scope, run), index);
    return { work: index, title: `expert ${index}`, status, owner };
  }
  const work = call.on('router') ? 'router' : 'evaluation';
  if (!run.spec[work]) throw new CommandFailure(`cannot find the ${work} of run ${run.metadata.name}: its spec asks for none`);
  return { work, title: `the ${work}`, status: run.status?.[work], owner };
}

export function refuseEnded(verb: string, run: ExpertTraining): void {
  const state = run.status?.state;
  if (state !== 'Complete' && state !== 'Failed') return;
  throw new CommandFailure(
    `cannot ${verb} run ${run.metadata.name}: it is ${state}, which is final; make a new ExpertTraining instead`,
  );
}

const tries = 5;

/** Changes an annotation that holds requests for several works: somebody else's request is never lost. */
export async function ask(
  { client }: Pick<Scope, 'client'>,
  { type, object }: Owner,
  annotation: (typeof requestAnnotations)[keyof typeof requestAnnotations],
  change: (value: string | undefined) => string,
): Promise<void> {
  const any: ResourceType<KubeObject> = type;
  const { uid, name } = object.metadata;
  for (let tried = 1; ; tried++) {
    const now = tried === 1 ? object : await client.get(any, keyOf(object));
    if (!now || now.metadata.uid !== uid) throw new CommandFailure(`cannot ask for it: ${type.kind} ${name} was deleted`);
    const { resourceVersion, annotations } = now.metadata;
    const metadata = { resourceVersion, annotations: { [annotation]: change(annotations?.[annotation]) } };
    try {
      await patchObject({ client }, any, object, { metadata });
      return;
    } catch (error) {
      if (!isConflict(error) || tried === tries) throw error;
    }
  }
}

const begun: readonly (WorkState | undefined)[] = ['Starting', 'Running', 'Publishing', 'Accepted'];

/** Waits until the work has begun in a newer placement, and says where; exit code 3 when that takes longer than the limit. */
export async function seePlaced(call: Call, scope: Scope, run: ExpertTraining, asked: Asked, timeoutMs: number): Promise<number> {
  const { work, title, status } = asked;
  const old = status?.placement ?? 0;
  let last: Asked['status'];
  const look = (now: Asked['status']) => {
    last = now;
    return now && now.placement > old && begun.includes(now.state) ? now : undefined;
  };
  const { namespace = '', name, uid } = run.metadata;
  const watch = <T extends KubeObject>(
    type: ResourceType<T>,
    fieldSelector: string,
    statusIn: (objects: readonly T[]) => WorkStatus | undefined,
  ) => until(call, scope, { type, namespace, fieldSelector }, (store) => look(statusIn(store.list())), timeoutMs);
  const found = await (typeof work === 'number'
    ? watch(
        ExpertShardKind,
        `spec.training=${name}`,
        (shards) => shards.find(({ spec }) => spec.trainingUid === uid && spec.index === work)?.status,
      )
    : work === 'partition'
      ? watch(ExpertDatasetKind, `metadata.name=${run.spec.dataset}`, ([dataset]) => dataset?.status?.work)
      : watch(ExpertTrainingKind, `metadata.name=${name}`, ([training]) => training?.status?.[work]));
  if (found) {
    const from = found.checkpoint && found.checkpoint.step > 0 ? `, from the checkpoint of step ${found.checkpoint.step}` : '';
    call.io.out(`${capital(title)} is ${found.state} on ${found.island} in placement ${found.placement}${from}.\n`);
    return exitCodes.done;
  }
  const why = last?.message ? `: ${last.reason ?? last.state}, ${last.message}` : '';
  throw new CommandFailure(
    `${title} has not begun anew yet: it is ${last?.state ?? 'Waiting'}${last?.island === undefined ? '' : ` on ${last.island}`}${why}; the hub goes on with it, atoll watch ${name} shows it`,
    exitCodes.timeout,
  );
}

export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
