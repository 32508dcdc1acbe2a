/** Asking the hub for something about one work of a run, and seeing what becomes of it. */
import { type ExpertShard, ExpertShardKind } from '../api/expertshard.ts';
import { type ExpertTraining, ExpertTrainingKind } from '../api/experttraining.ts';
import type { requestAnnotations } from '../api/labels.ts';
import type { WorkName } from '../api/requests.ts';
import type { WorkState, WorkStatus } from '../api/work.ts';
import { isConflict } from '../kube/errors.ts';
import { keyOf } from '../kube/types.ts';
import type { Scope } from './cluster.ts';
import { until } from './follow.ts';
import { expertIndex, expertsOf, needExpert, patchRun } from './run.ts';
import { type Call, CommandFailure, CommandLineError, exitCodes, type Options } from './verb.ts';

/** The work that a request is about, as it stands now. */
export interface Asked {
  work: WorkName;
  /** `expert 3`, `the router` or `the evaluation`. */
  title: string;
  status: WorkStatus | undefined;
}

export const workOptions = {
  expert: { type: 'string', short: 'e' },
  router: { type: 'boolean' },
  evaluation: { type: 'boolean' },
} satisfies Options;

export const workHelp = `  -e, --expert N      the expert of this index
  --router            the router
  --evaluation        the evaluation`;

/** The one work that the flags name. */
export async function needWork(call: Call, scope: Scope, run: ExpertTraining): Promise<Asked> {
  const index = expertIndex(call);
  const named = [index !== undefined, call.on('router'), call.on('evaluation')].filter(Boolean).length;
  if (named !== 1) throw new CommandLineError('name one work: -e N, --router or --evaluation');
  if (index !== undefined) {
    const { status } = needExpert(run, await expertsOf(scope, run), index);
    return { work: index, title: `expert ${index}`, status };
  }
  const work = call.on('router') ? 'router' : 'evaluation';
  if (!run.spec[work]) throw new CommandFailure(`cannot find the ${work} of run ${run.metadata.name}: its spec asks for none`);
  return { work, title: `the ${work}`, status: run.status?.[work] };
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
  scope: Scope,
  run: ExpertTraining,
  annotation: (typeof requestAnnotations)[keyof typeof requestAnnotations],
  change: (value: string | undefined) => string,
): Promise<void> {
  for (let tried = 1; ; tried++) {
    const now = tried === 1 ? run : await scope.client.get(ExpertTrainingKind, keyOf(run));
    if (!now || now.metadata.uid !== run.metadata.uid)
      throw new CommandFailure(`cannot ask for it: run ${run.metadata.name} was deleted`);
    const { resourceVersion, annotations } = now.metadata;
    try {
      await patchRun(scope, now, {
        metadata: { resourceVersion, annotations: { [annotation]: change(annotations?.[annotation]) } },
      });
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
  const found =
    typeof work === 'number'
      ? await until(
          call,
          scope,
          { type: ExpertShardKind, namespace, fieldSelector: `spec.training=${name}` },
          (store) =>
            look(store.list().find((shard: ExpertShard) => shard.spec.trainingUid === uid && shard.spec.index === work)?.status),
          timeoutMs,
        )
      : await until(
          call,
          scope,
          { type: ExpertTrainingKind, namespace, fieldSelector: `metadata.name=${name}` },
          (store) => (work === 'partition' ? undefined : look(store.get({ namespace, name })?.status?.[work])),
          timeoutMs,
        );
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
