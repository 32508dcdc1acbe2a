/** The evaluation of a run: it waits for the experts and the router, and its result is the ensemble. */
import { decimalText } from '../api/contract.ts';
import type { ExpertTraining, ExpertTrainingStatus } from '../api/experttraining.ts';
import type { Manifest } from '../api/manifest.ts';
import type { WorkStatus } from '../api/work.ts';
import { askedOf } from './asked.ts';
import { ensembleInputs, inputsDigest } from './inputs.ts';
import { islandLostOf } from './move.ts';
import { type PartFacts, type PartWish, waitsForExperts } from './router.ts';
import type { HubSettings } from './settings.ts';
import { evaluationTemplate } from './templates.ts';
import type { Why } from './work.ts';

/** Undefined when the spec asks for no evaluation. */
export function evaluationWish(
  { training, experts, stop }: PartFacts,
  router: WorkStatus | undefined,
  settings: HubSettings,
): PartWish | undefined {
  if (!training.spec.evaluation) return undefined;
  const inputs = ensembleInputs(training, experts.accepted, router?.state === 'Accepted' ? router.accepted : undefined);
  let hold: Why | undefined;
  if (!experts.complete) hold = waitsForExperts(experts);
  else if (training.spec.router && router?.state !== 'Accepted') {
    hold = { reason: 'WaitingForRouter', message: `the router is ${router?.state ?? 'Waiting'}` };
  }
  const template = evaluationTemplate(training, inputs, settings);
  const asked = askedOf(training, 'evaluation');
  const { suspend } = training.spec;
  const made = inputsDigest(template.spec.inputs);
  return { template, wish: { suspend, stop, hold, islandLost: islandLostOf(training), asked, inputs: made } };
}

const mostMetrics = 64;

/** What the accepted evaluation adds to the status of the run; its manifest is known in the one reconcile that accepts it. */
export function ensembleOf(
  training: ExpertTraining,
  evaluation: WorkStatus | undefined,
  manifest: Manifest | undefined,
): ExpertTrainingStatus['ensemble'] {
  const accepted = evaluation?.accepted;
  if (!accepted || !manifest) return training.status?.ensemble;
  const metrics = Object.entries(manifest.metrics)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .slice(0, mostMetrics)
    .map(([name, value]) => [name, decimalText(value)]);
  return { manifest: accepted.manifest, digest: accepted.digest, metrics: Object.fromEntries(metrics) as Record<string, string> };
}
