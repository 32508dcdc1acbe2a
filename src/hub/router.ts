/** The router of a run: when it may start, and on which inputs. Its status is `status.router` of the ExpertTraining. */
import type { ExpertTraining } from '../api/experttraining.ts';
import { askedOf } from './asked.ts';
import type { Experts } from './experts.ts';
import { ensembleInputs, inputsDigest } from './inputs.ts';
import { islandLostOf } from './move.ts';
import type { HubSettings } from './settings.ts';
import { type JobTemplate, routerTemplate } from './templates.ts';
import type { Why, Wish } from './work.ts';

export interface PartWish {
  template: JobTemplate;
  wish: Pick<Wish, 'suspend' | 'hold' | 'stop' | 'islandLost' | 'asked' | 'inputs'>;
}

export interface PartFacts {
  training: ExpertTraining;
  experts: Experts;
  /** Set when the run has failed. */
  stop: Why | undefined;
}

/** Undefined when the spec asks for no router. */
export function routerWish({ training, experts, stop }: PartFacts, settings: HubSettings): PartWish | undefined {
  const { router, suspend } = training.spec;
  if (!router) return undefined;
  const bound = router.start === 'WhenExpertsComplete';
  const template = routerTemplate(training, ensembleInputs(training, bound ? experts.accepted : []), settings);
  const waits = bound && !experts.complete;
  return {
    template,
    wish: {
      suspend,
      stop,
      islandLost: islandLostOf(training),
      hold: waits ? waitsForExperts(experts) : undefined,
      asked: askedOf(training, 'router'),
      inputs: bound ? inputsDigest(template.spec.inputs) : undefined,
    },
  };
}

export function waitsForExperts({ accepted, total }: Experts): Why {
  return { reason: 'WaitingForExperts', message: `${accepted.length} of ${total} experts are accepted` };
}
