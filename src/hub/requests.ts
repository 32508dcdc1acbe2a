/** What is wrong with the requests on an object as a whole: what cannot be read, what it does not have, what comes when all is over. Pure. */
import type { ExpertTraining } from '../api/experttraining.ts';
import { requestAnnotations } from '../api/labels.ts';
import { moveForm, type RetryRequest, readMove, readRetry, retryForm, type WorkName, withRetry } from '../api/requests.ts';
import type { KubeObject } from '../kube/types.ts';
import { answerMove, answerRetry, askedOf, workText } from './asked.ts';
import type { Why } from './work.ts';

/** What a person does to have these works tried again, as a sentence. */
export function retryCommand(kind: 'et' | 'eds', name: string, requests: readonly RetryRequest[]): string {
  const value = requests.reduce((all, request) => withRetry(all, request), '');
  return `To try again: kubectl annotate --overwrite ${kind} ${name} ${requestAnnotations.retry}=${value}`;
}

const mostNamed = 3;

/** What is wrong with the annotations themselves, in sentences; `absent` says why its owner has no such work. */
export function wrongRequests({ metadata }: KubeObject, absent: (work: WorkName) => string | undefined): Why[] {
  const { retry, move } = requestAnnotations;
  const read = [
    { name: retry, form: retryForm, ...readRetry(metadata.annotations?.[retry]) },
    { name: move, form: moveForm, ...readMove(metadata.annotations?.[move]) },
  ];
  const found = read.flatMap(({ name, form, requests, wrong }) => [
    ...wrong.slice(0, mostNamed).map((text) => `annotation ${name}: cannot read "${text.slice(0, 100)}": allowed is ${form}`),
    ...requests.flatMap(({ work }) => {
      const why = absent(work);
      return why === undefined ? [] : [`annotation ${name} names ${workText(work)}: ${why}`];
    }),
  ]);
  return found.slice(0, mostNamed).map((message) => ({ reason: 'RequestInvalid', message }));
}

/** The same of a run; `total` is 0 while nobody knows how many experts it has. */
export function wrongRequestsOfRun(training: ExpertTraining, total: number): Why[] {
  const { router, evaluation } = training.spec;
  return wrongRequests(training, (work) => {
    if (work === 'partition') return 'the partition is a work of the ExpertDataset; set the annotation there';
    if (work === 'router') return router ? undefined : 'spec.router is absent';
    if (work === 'evaluation') return evaluation ? undefined : 'spec.evaluation is absent';
    return total > 0 && work >= total ? `the run has experts 0 to ${total - 1}` : undefined;
  });
}

/** What was asked for a part of a run that is complete, where nothing is planned any more. */
export function unmetWhenComplete(training: ExpertTraining, part: 'router' | 'evaluation'): Why[] {
  const work = training.status?.[part];
  if (!work) return [];
  const asked = { ...askedOf(training, part), over: 'the run is complete, which is final' };
  return [answerRetry(asked, work, undefined), answerMove(asked, work, undefined)].flatMap((answer) =>
    answer.type === 'Ignore' ? [answer.why] : [],
  );
}
