/** Between the pure decision about a work and the API server: what is seen is read, what was decided is carried out. */

import { cut } from '../api/fields.ts';
import { type IslandJob, IslandJobKind } from '../api/islandjob.ts';
import { fieldManagers } from '../api/labels.ts';
import type { Manifest } from '../api/manifest.ts';
import type { Reason } from '../api/reasons.ts';
import type { WorkStatus } from '../api/work.ts';
import type { Clock } from '../clock.ts';
import { ApiError } from '../kube/errors.ts';
import type { Store } from '../kube/store.ts';
import { type KubeClient, keyOf } from '../kube/types.ts';
import type { Avoidance } from './avoid.ts';
import type { AwayIslands } from './away.ts';
import type { Placer } from './placer.ts';
import { islandJob, type JobTemplate, jobName, workKey } from './templates.ts';
import { type ReadableStore, type Verification, verifyOutput } from './verify.ts';
import { decideWork, type Why, type Wish, type WorkAction, type WorkDecision } from './work.ts';

export interface RunnerOptions {
  client: KubeClient;
  clock: Clock;
  jobs: Store<IslandJob>;
  placer: Placer;
  avoidance: Avoidance;
  away: AwayIslands;
  claimDeadlineMs?: number | undefined;
  stores: ReadonlyMap<string, ReadableStore>;
}

export interface WorkPlan extends WorkDecision {
  template: JobTemplate;
  /** The IslandJob of the current placement, as seen. */
  job?: IslandJob;
  /** Of the result, in the one plan that accepts it. */
  manifest?: Manifest;
}

export interface WorkRunner {
  plan(
    template: JobTemplate,
    wish: Omit<Wish, 'retry' | 'checkpoint' | 'told'>,
    current: WorkStatus | undefined,
    signal: AbortSignal,
  ): Promise<WorkPlan>;
  /** To be called once the status of the plan is stored. Returns why the API server refused the IslandJob, if it did. */
  carryOut(plan: WorkPlan, signal: AbortSignal): Promise<Why | undefined>;
}

/** The index by which a runner finds the IslandJobs of a work. */
export const workIndex = { work: (job: IslandJob) => [workKey(job.spec)] };

/** A creation that no fresh status write precedes must not rest on an old copy of the object. */
export function mustConfirm(plan: WorkPlan | undefined, before: WorkStatus | undefined): boolean {
  if (!plan) return false;
  return plan.actions.some((action) => action.type === 'Create') && before?.placement === plan.status.placement;
}

const firstRetryMs = 2_000;
const longestRetryMs = 300_000;
const mostWaiting = 16_384;
/** How long after the API server refused an IslandJob it is asked again. */
export const refusedMs = 60_000;

export function createWorkRunner(options: RunnerOptions): WorkRunner {
  const { client, clock, jobs, placer, stores, avoidance, away, claimDeadlineMs } = options;
  /** Back-off of verifications that the store did not answer, by uid of the IslandJob. */
  const waiting = new Map<string, { tries: number; until: number; last: Verification }>();

  async function verification(job: IslandJob | undefined, current: WorkStatus | undefined, signal: AbortSignal) {
    if (job?.status?.state !== 'Succeeded' || current?.state === 'Accepted' || current?.state === 'Blocked') return undefined;
    const uid = job.metadata.uid ?? '';
    const held = waiting.get(uid);
    if (held && held.until > clock.now() && held.last.result === 'Unknown')
      return { ...held.last, after: held.until - clock.now() };
    const found = await verify(job, signal);
    waiting.delete(uid);
    if (found.result !== 'Unknown') return found;
    const tries = (held?.tries ?? 0) + 1;
    const after = Math.min(longestRetryMs, firstRetryMs * 2 ** (tries - 1));
    // Bounded: what is dropped only starts its back-off over.
    if (waiting.size >= mostWaiting) waiting.clear();
    waiting.set(uid, { tries, until: clock.now() + after, last: found });
    return { ...found, after };
  }

  function verify(job: IslandJob, signal: AbortSignal): Promise<Verification> {
    const { store: name } = job.spec.output;
    const store = stores.get(name);
    if (store) return verifyOutput(job, store, signal);
    const known = [...stores.keys()].join(', ') || 'none';
    const message = `the operator's settings name no store ${name}; known: ${known}`;
    return Promise.resolve({ result: 'Unknown', reason: 'StoreUnknown', message, after: 0 });
  }

  /** The IslandJobs in the cache; that of the current placement is asked for when the cache does not hold it. */
  async function jobsOf(
    template: JobTemplate,
    current: WorkStatus | undefined,
    asked: boolean,
    signal: AbortSignal,
  ): Promise<IslandJob[]> {
    const cached = jobs.byIndex('work', workKey(template.spec));
    const { namespace } = template.owner.metadata;
    const stays = current?.state === 'Accepted' || current?.state === 'Blocked';
    if (current?.job === undefined || (stays && !asked)) return cached;
    if (cached.some((job) => job.metadata.name === current.job)) return cached;
    const key = { name: current.job, ...(namespace === undefined ? {} : { namespace }) };
    const live = await client.get(IslandJobKind, key, { signal });
    return live ? [...cached, live] : cached;
  }

  async function create(
    template: JobTemplate,
    action: WorkAction & { type: 'Create' },
    signal: AbortSignal,
  ): Promise<Why | undefined> {
    const wanted = islandJob(template, action);
    try {
      await client.create(IslandJobKind, wanted, { fieldManager: fieldManagers.hub, signal });
      return undefined;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.isAlreadyExists) return adopt(template, wanted.metadata, signal);
      if (error.isInvalid) return { reason: 'InvalidSpec', message: cut(error.message, 1024) };
      if (error.isForbidden) return { reason: 'PodRefused', message: cut(error.message, 1024) };
      throw error;
    }
  }

  async function change(action: Exclude<WorkAction, { type: 'Create' }>, signal: AbortSignal): Promise<undefined> {
    const { job } = action;
    const { uid = '', resourceVersion, deletionTimestamp } = job.metadata;
    if (action.type === 'Patch') {
      const patch = { metadata: { uid, resourceVersion }, spec: action.spec };
      const how = { contentType: 'merge', fieldManager: fieldManagers.hub, signal } as const;
      await client.patch(IslandJobKind, keyOf(job), patch, how);
      return;
    }
    if (deletionTimestamp === undefined) {
      await client.delete(IslandJobKind, keyOf(job), { uid, propagationPolicy: 'Background', signal });
    }
    await away.release(job);
  }

  /** Ours from a creation whose answer was lost, or somebody else's. */
  async function adopt(
    template: JobTemplate,
    key: { name: string; namespace?: string },
    signal: AbortSignal,
  ): Promise<Why | undefined> {
    const live = await client.get(IslandJobKind, key, { signal });
    if (!live || live.metadata.ownerReferences?.some(({ uid }) => uid === template.owner.metadata.uid)) return undefined;
    const reason: Reason = 'NameTaken';
    return { reason, message: `IslandJob ${key.name} exists and belongs to something else; delete it to let this work start` };
  }

  return {
    async plan(template, wish, current, signal) {
      const retry = wish.asked?.retry?.placement === current?.placement;
      const all = await jobsOf(template, current, retry, signal);
      const job = all.find(({ metadata }) => metadata.name === current?.job);
      const verified = await verification(job, current, signal);
      const { namespace } = template.owner.metadata;
      const key = workKey(template.spec);
      const placeable = { key, demand: template.demand, avoided: avoidance.of(key) };
      let asked = false;
      const decision = decideWork(
        { ...wish, retry: template.spec.retry, checkpoint: template.spec.checkpoint, told: template.spec.islandLost },
        {
          current,
          jobs: all,
          verification: verified,
          place: (where) => {
            asked = true;
            const name = jobName(template, (current?.placement ?? 0) + 1);
            return placer.place({ ...placeable, ...where }, namespace === undefined ? { name } : { namespace, name });
          },
          look: (where) => placer.look({ ...placeable, ...where }),
          adoptable: (above) =>
            away.adoptable((held) => {
              const placement = Number(/-p(\d{1,4})$/.exec(held.name)?.[1]);
              const ours = held.namespace === namespace && held.name === jobName(template, placement);
              return ours && placement > above ? placement : undefined;
            }),
          jobName: (placement) => jobName(template, placement),
          standing: job && away.standing(job),
          withdrawn: job && avoidance.why(key, job.metadata.uid ?? ''),
          ...(claimDeadlineMs === undefined ? {} : { claimDeadlineMs }),
          now: clock.now(),
        },
      );
      if (!asked) placer.forget(key);
      if (decision.avoid) avoidance.add(key, decision.avoid);
      const going = all.filter((one) => one.metadata.deletionTimestamp !== undefined && away.neverHeld(one));
      return {
        ...decision,
        actions: [...decision.actions, ...going.map((one): WorkAction => ({ type: 'Delete', job: one }))],
        template,
        ...(job ? { job } : {}),
        ...(verified?.result === 'Verified' ? { manifest: verified.manifest } : {}),
      };
    },

    async carryOut(plan, signal) {
      for (const action of plan.actions) {
        const refused = action.type === 'Create' ? await create(plan.template, action, signal) : await change(action, signal);
        if (refused) return refused;
        away.poke(action.type === 'Create' ? action.island : action.job.spec.island);
      }
      return undefined;
    },
  };
}
