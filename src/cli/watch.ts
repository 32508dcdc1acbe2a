/** `atoll watch`: a run as it goes on, a table drawn in place on a terminal, one line for each change elsewhere. */
import { ExpertDatasetKind } from '../api/expertdataset.ts';
import { ExpertShardKind } from '../api/expertshard.ts';
import { ExpertTrainingKind } from '../api/experttraining.ts';
import { timestamp } from '../clock.ts';
import { createInformer, type RunnableInformer } from '../kube/informer.ts';
import { type KubeObject, keyOf, silentLog } from '../kube/types.ts';
import { changesOf } from './changes.ts';
import { type Scope, withScope } from './cluster.ts';
import { render, type Snapshot } from './live.ts';
import { needRun } from './run.ts';
import { createScreen } from './screen.ts';
import { sentenceOf } from './standing.ts';
import { type Call, CommandFailure, exitCodes, oneWord, scopeHelp, scopeOptions, type Verb } from './verb.ts';

const help = `Usage: atoll watch RUN [options]

Shows a run as it goes on until it is Complete or Failed: a table that is drawn in place on a terminal, one line for each change
into a pipe. Ctrl-C leaves; the run goes on. Exit code 0 when it is Complete, 1 when it is Failed or was deleted.

Options:
${scopeHelp}

Examples:
  atoll watch @latest
  atoll watch digits | tee digits.log
`;

export const watch: Verb = {
  summary: 'show a run as it goes on',
  help,
  options: scopeOptions,
  word: 'run',
  tidies: true,
  run(call) {
    const word = oneWord(call, 'name of the run');
    return withScope(call, async (scope) => {
      const run = await needRun(scope, word);
      const { name, namespace = '', uid } = run.metadata;
      const { informers, snapshot } = observe(call, scope, { namespace, name, dataset: run.spec.dataset });
      const stop = new AbortController();
      const running = Promise.all(informers.map((informer) => informer.run(stop.signal)));
      try {
        await show(call, snapshot, name, uid);
      } finally {
        stop.abort();
        await running;
      }
      return end(call, snapshot(), name, uid);
    });
  },
};

const everyMs = 1_000;

/** Until the run has ended, is gone, or nobody looks any more. */
async function show(
  call: Call,
  snapshot: () => Snapshot | undefined | 'gone',
  name: string,
  uid: string | undefined,
): Promise<void> {
  const { io, clock, signal } = call;
  const screen = createScreen(io);
  let before: Snapshot | undefined;
  try {
    while (!signal.aborted) {
      const now = snapshot();
      if (now === 'gone') return;
      if (now && now.training.metadata.uid === uid) {
        const state = now.training.status?.state;
        if (screen) screen.draw(render(now, screen.columns()));
        else for (const line of changesOf(before, now)) io.out(`${timestamp(clock.now())} ${line}\n`);
        before = now;
        if (state === 'Complete' || state === 'Failed') return;
      } else if (now) return;
      await clock.sleep(everyMs, signal).catch(() => undefined);
    }
  } finally {
    screen?.leave();
    if (signal.aborted) io.err(`Run ${name} goes on.\n`);
  }
}

function end(call: Call, last: Snapshot | undefined | 'gone', name: string, uid: string | undefined): number {
  if (call.signal.aborted) return exitCodes.interrupted;
  if (last === undefined || last === 'gone' || last.training.metadata.uid !== uid)
    throw new CommandFailure(`cannot watch run ${name} any longer: it was deleted`);
  if (last.training.status?.state !== 'Complete')
    throw new CommandFailure(`${sentenceOf(last.training).replace(/\.$/, '')}; atoll explain ${name} says what to change`);
  call.next(`atoll pull ${name} ./${name}`, 'bring its ensemble here, every digest verified');
  return exitCodes.done;
}

/** The run, its experts and its data set, watched; undefined until all were listed. */
function observe(call: Call, { client }: Scope, run: { namespace: string; name: string; dataset: string }) {
  const { clock, random } = call;
  const context = { client, clock, random, log: silentLog };
  const { namespace, name, dataset } = run;
  const trainings = createInformer(ExpertTrainingKind, { namespace, fieldSelector: `metadata.name=${name}` }, context);
  const shards = createInformer(ExpertShardKind, { namespace, fieldSelector: `spec.training=${name}` }, context);
  const datasets = createInformer(ExpertDatasetKind, { namespace, fieldSelector: `metadata.name=${dataset}` }, context);
  const informers: RunnableInformer<KubeObject>[] = [trainings, shards, datasets];
  return {
    informers,
    snapshot: (): Snapshot | undefined | 'gone' => {
      if (!informers.every(({ hasSynced }) => hasSynced)) return undefined;
      const training = trainings.store.get({ namespace, name });
      if (!training) return 'gone';
      const own = shards.store.list().filter(({ spec }) => spec.trainingUid === training.metadata.uid);
      return { training, shards: own, dataset: datasets.store.get({ ...keyOf(training), name: dataset }), now: clock.now() };
    },
  };
}
