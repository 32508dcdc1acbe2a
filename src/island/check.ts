/** Asks the API server, by a dry run, whether it would take an attempt's pod and Job, and put it in its queue: its own words name what is wrong with them. */
import type { IslandJob } from '../api/islandjob.ts';
import { jobs, pods, services } from '../kube/core.ts';
import { ApiError } from '../kube/errors.ts';
import type { KubeClient } from '../kube/types.ts';
import { serviceOf } from './gang.ts';
import { InvalidWorkError } from './invalid.ts';
import type { PodCheck } from './observed.ts';
import { jobOf, podOf } from './pod.ts';
import { missingQueue } from './queue.ts';
import type { IslandSettings } from './settings.ts';

/** Refusals that pass when something else changes, without the work being wrong. */
const PASSING =
  /exceeded quota|serviceaccount .* not found|service account .* (?:not found|was not found)|no API token|being terminated|failed calling webhook/i;
/** Our own rights are missing: that is no fault of the work and must be seen by whoever runs the agent. */
const OURS = /cannot create resource/;

export async function checkPod(
  client: KubeClient,
  job: IslandJob,
  settings: IslandSettings,
  signal: AbortSignal,
): Promise<PodCheck> {
  const attempt = (job.status?.attempt ?? 0) + 1;
  const missing = await missingQueue(client, job, signal);
  if (missing !== undefined) return { outcome: 'NoQueue', message: missing };
  try {
    await client.create(pods, podOf(job, attempt, settings), { dryRun: true, signal });
    await client.create(jobs, jobOf(job, attempt, settings), { dryRun: true, signal });
    const service = serviceOf(job, attempt);
    if (service) await client.create(services, service, { dryRun: true, signal });
    return { outcome: 'Accepted' };
  } catch (error) {
    if (error instanceof InvalidWorkError) return { outcome: 'Refused', message: error.message };
    if (!(error instanceof ApiError)) throw error;
    if (error.isAlreadyExists) return { outcome: 'Accepted' };
    if (error.isNotFound || (error.isForbidden && PASSING.test(error.message)))
      return { outcome: 'Later', message: error.message };
    if (error.isInvalid || error.status === 400 || (error.isForbidden && !OURS.test(error.message))) {
      return { outcome: 'Refused', message: error.message };
    }
    throw error;
  }
}
