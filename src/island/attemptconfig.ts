/** What the pod of an attempt is told: spec.json for the trainer and courier.json for the courier, in one ConfigMap. */
import { contractVersion, type TrainerSpec } from '../api/contract.ts';
import { type CourierConfig, configMapKeys, courierPort } from '../api/courier.ts';
import { parseDuration } from '../api/duration.ts';
import type { IslandJob } from '../api/islandjob.ts';
import { attemptName } from '../api/names.ts';
import { storeConfig } from '../api/stores.ts';
import type { ConfigMap } from '../kube/core.ts';
import { attemptMeta } from './attemptmeta.ts';
import { clockLimits } from './clocks.ts';
import { InvalidWorkError } from './invalid.ts';
import type { IslandSettings, IslandStore } from './settings.ts';
import { attemptToken, tokenSha256 } from './token.ts';

/** CPUs of a quantity such as "2", "0.5" or "1800m" as a number of threads: rounded, at least 1. */
export function threads(cpu: string): number {
  const cores = cpu.endsWith('m') ? Number(cpu.slice(0, -1)) / 1000 : Number(cpu);
  return Math.max(1, Math.round(cores));
}

/** The stores that this work reads or writes. Throws `InvalidWorkError` when the island's settings lack one. */
export function storesOf(job: IslandJob, settings: IslandSettings): IslandStore[] {
  const { output, source, inputs } = job.spec;
  const names = new Set([output.store, ...(source ? [source.store] : []), ...inputs.map(({ store }) => store)]);
  return [...names].map((name) => {
    const store = settings.stores.find((each) => each.name === name);
    if (store) return store;
    const known = settings.stores.map((each) => each.name).join(', ') || '(none)';
    throw new InvalidWorkError(`store ${name} is not in the settings of island ${settings.name}: it knows ${known}`);
  });
}

const seconds = (duration: string) => Math.ceil(parseDuration(duration) / 1000);

function trainerSpecOf({ spec }: IslandJob, attempt: number): TrainerSpec {
  return {
    contract: contractVersion,
    role: spec.role,
    work: spec.work,
    placement: spec.placement,
    attempt,
    seed: spec.seed,
    threads: threads(spec.container.resources.cpu),
    params: spec.params,
    inputs: spec.inputs.map(({ name, manifest, digest }) => ({ name, manifest, digest })),
    grace: { saveSeconds: seconds(spec.grace.save) },
    ...stallOf(spec),
  };
}

/** The limits as they are before anything was measured; the trainer writes its stacks a little before. */
function stallOf(spec: IslandJob['spec']): Pick<TrainerSpec, 'stall'> {
  const { firstStep, step } = clockLimits(spec);
  if (firstStep === undefined && step === undefined) return {};
  return {
    stall: {
      ...(firstStep === undefined ? {} : { firstStepSeconds: firstStep / 1000 }),
      ...(step === undefined ? {} : { stepSeconds: step / 1000 }),
    },
  };
}

function courierConfigOf(job: IslandJob, attempt: number, settings: IslandSettings): CourierConfig {
  const { metadata, spec, status } = job;
  const uid = metadata.uid ?? '';
  return {
    attempt: { islandJob: metadata.name, uid, work: { ...spec.work, role: spec.role }, placement: spec.placement, attempt },
    image: spec.container.image,
    stores: storesOf(job, settings).map((store) => storeConfig.parse(store)),
    inputs: spec.inputs,
    ...(spec.source ? { source: spec.source } : {}),
    output: spec.output,
    resume: spec.resume,
    quarantined: status?.quarantined ?? [],
    checkpoint: spec.checkpoint,
    deletions: spec.islandLost.policy === 'Wait' ? 'Always' : 'WhileHeard',
    grace: { saveSeconds: seconds(spec.grace.save), publishSeconds: seconds(spec.grace.publish) },
    progress: {
      port: settings.courier?.port ?? courierPort,
      tokenSha256: tokenSha256(attemptToken(settings.agentKey, uid, attempt)),
    },
  };
}

export function configMapOf(job: IslandJob, attempt: number, settings: IslandSettings): ConfigMap {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { ...attemptMeta(job, attempt), name: attemptName(job.metadata.name, attempt) },
    immutable: true,
    data: {
      [configMapKeys.spec]: JSON.stringify(trainerSpecOf(job, attempt), undefined, 2),
      [configMapKeys.courier]: JSON.stringify(courierConfigOf(job, attempt, settings), undefined, 2),
    },
  };
}
