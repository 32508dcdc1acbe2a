/** Handlers of what changes something: done as the user, so that the API server decides and its audit log names them. */
import { ComputeIslandKind } from '../../api/computeisland.ts';
import { ExpertDatasetKind } from '../../api/expertdataset.ts';
import { type ExpertTraining, ExpertTrainingKind } from '../../api/experttraining.ts';
import { fieldManagers, requestAnnotations } from '../../api/labels.ts';
import { moveOf, retryOf, withMove, withRetry } from '../../api/requests.ts';
import { isConflict } from '../../kube/errors.ts';
import type { KubeClient } from '../../kube/types.ts';
import type { Done } from '../view/actions.ts';
import { capital, titleOf } from '../view/of/needs.ts';
import { indexOf } from '../view/of/work.ts';
import type { Call } from './call.ts';
import { asUser } from './caller.ts';
import type { DashboardContext } from './context.ts';
import { needDataset, needRun, needWork } from './find.ts';
import { badRequest, notFound, RequestProblem } from './problem.ts';
import { json, type Reply } from './reply.ts';

const how = { contentType: 'merge', fieldManager: fieldManagers.dashboard } as const;
const said = (message: string): Reply => json({ message } satisfies Done);

export function actionHandlers(context: DashboardContext) {
  const { gatekeeper, objects } = context;

  async function suspend({ params, caller, signal }: Call, value: boolean): Promise<Reply> {
    const { training } = needRun(context, params);
    expectGoingOn(training);
    const { namespace = '', name, uid } = training.metadata;
    const patch = { metadata: { uid }, spec: { suspend: value } };
    await asUser(gatekeeper, caller, (client) =>
      client.patch(ExpertTrainingKind, { namespace, name }, patch, { ...how, signal }),
    );
    return said(
      value
        ? `${name} is asked to suspend: each expert saves a checkpoint and stops.`
        : `${name} is asked to resume: each expert goes on from its last checkpoint.`,
    );
  }

  /** Adds a request to an annotation that others may be writing too. */
  async function annotate(call: Call, key: string, add: (value: string | undefined) => string): Promise<void> {
    const { training } = needRun(context, call.params);
    expectGoingOn(training);
    await asUser(gatekeeper, call.caller, (client) => addTo(client, training, key, add, call.signal));
  }

  async function cordon({ params, caller, signal }: Call, cordoned: boolean): Promise<Reply> {
    const { island: name = '' } = params;
    const uid = objects.islands.store.get({ name })?.metadata.uid;
    if (uid === undefined) throw notFound(`the island ${name}`);
    const patch = { metadata: { uid }, spec: { cordoned } };
    await asUser(gatekeeper, caller, (client) => client.patch(ComputeIslandKind, { name }, patch, { ...how, signal }));
    return said(cordoned ? `Nothing new is placed on ${name}; what runs there goes on.` : `Work may be placed on ${name} again.`);
  }

  return {
    suspend: (call: Call) => suspend(call, true),
    resume: (call: Call) => suspend(call, false),

    async retry(call: Call): Promise<Reply> {
      const { work } = needWork(context, call.params);
      const { status } = work;
      if (status?.state !== 'Blocked' && status?.state !== 'Accepted')
        throw new RequestProblem(
          'Refused',
          `cannot retry ${titleOf(work.work)}: it is ${status?.state ?? 'Waiting'}; only what is Blocked or Accepted is retried`,
        );
      await annotate(call, requestAnnotations.retry, (value) => withRetry(value, retryOf(requestName(work.work), status)));
      return said(`${capital(titleOf(work.work))} is asked to begin again: it gets a new budget and a new placement.`);
    },

    async move(call: Call): Promise<Reply> {
      const { to } = call.body;
      const { work } = needWork(context, call.params);
      const island = to === '' ? undefined : to;
      if (island !== undefined && !/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(island))
        throw badRequest('to must be the name of an island', 'to');
      if (island !== undefined && island === work.status?.island) throw badRequest(`it is on island ${island} already`, 'to');
      await annotate(call, requestAnnotations.move, (value) =>
        withMove(value, moveOf(requestName(work.work), work.status, island)),
      );
      return said(
        `${capital(titleOf(work.work))} is asked to move${island === undefined ? '' : ` to ${island}`}: it saves a checkpoint, stops, and goes on there.`,
      );
    },

    async approve(call: Call): Promise<Reply> {
      const { digest } = call.body;
      const { metadata, status } = needDataset(context, call.params);
      if (digest === undefined || digest !== status?.digest)
        throw badRequest('digest must be that of the partition as it is shown', 'digest');
      const { namespace = '', name, uid } = metadata;
      const patch = { metadata: { uid }, spec: { approve: digest } };
      await asUser(gatekeeper, call.caller, (client) =>
        client.patch(ExpertDatasetKind, { namespace, name }, patch, { ...how, signal: call.signal }),
      );
      return said(`The partition of ${name} is approved.`);
    },

    cordon: (call: Call) => cordon(call, true),
    uncordon: (call: Call) => cordon(call, false),
  };
}

function expectGoingOn({ metadata, status }: ExpertTraining): void {
  if (status?.state === 'Complete' || status?.state === 'Failed')
    throw new RequestProblem('Refused', `cannot change ${metadata.name}: it is ${status.state}, and that is final`);
}

/** An expert by its index, the others by name, as requests.ts has them. */
function requestName(work: string): Parameters<typeof retryOf>[0] {
  const index = indexOf(work);
  if (index !== undefined) return index;
  return work === 'router' || work === 'evaluation' ? work : 'partition';
}

const tries = 4;

async function addTo(
  client: KubeClient,
  training: ExpertTraining,
  key: string,
  add: (value: string | undefined) => string,
  signal: AbortSignal,
): Promise<void> {
  const { namespace = '', name, uid } = training.metadata;
  for (let round = 1; ; round++) {
    const now = await client.get(ExpertTrainingKind, { namespace, name }, { signal });
    if (now?.metadata.uid !== uid) throw notFound(`the run ${namespace}/${name}: it was deleted`);
    const { resourceVersion, annotations } = now?.metadata ?? {};
    const metadata = { uid, resourceVersion, annotations: { [key]: add(annotations?.[key]) } };
    try {
      await client.patch(ExpertTrainingKind, { namespace, name }, { metadata }, { ...how, signal });
      return;
    } catch (error) {
      // The hub writes statuses of a running training often; only the annotation matters here.
      if (!isConflict(error) || round === tries) throw error;
    }
  }
}
