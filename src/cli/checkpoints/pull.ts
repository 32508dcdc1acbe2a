/** `atoll checkpoints pull`: one checkpoint of one work, every digest verified. */
import { withScope } from '../cluster.ts';
import { download } from '../download.ts';
import { expertIndex, expertOptions, needRun } from '../run.ts';
import { openStore, storeHelp, storeOptions } from '../store.ts';
import { CommandFailure, CommandLineError, scopeHelp, scopeOptions, type Verb } from '../verb.ts';
import { type Published, publishedBy } from './found.ts';

const help = `Usage: atoll checkpoints pull RUN -e N DIR [options]

Brings one checkpoint of an expert into DIR, with its manifest: the accepted result, or the newest checkpoint when there is none
yet. Every file is verified while it comes, and what an interrupted call has brought is gone on with. Exit code 4 when an object is
damaged.

Options:
  -e, --expert N      the expert of this index
  --step N            the newest checkpoint of this step instead
${storeHelp}
${scopeHelp}

Examples:
  atoll checkpoints pull digits -e 3 ./expert-3
  atoll checkpoints pull digits -e 3 --step 1200 ./expert-3
`;

export const pull: Verb = {
  summary: 'bring one checkpoint here, every digest verified',
  help,
  options: { ...scopeOptions, ...storeOptions, ...expertOptions, step: { type: 'string' } },
  word: 'run',
  tidies: true,
  run(call) {
    const [word, dir, ...more] = call.words;
    const index = expertIndex(call);
    const step = stepOf(call.text('step'));
    if (word === undefined || dir === undefined || more.length > 0)
      throw new CommandLineError('a run and a directory are expected');
    if (index === undefined) throw new CommandLineError('name the expert: -e N');
    return withScope(call, async (scope) => {
      const run = await needRun(scope, word);
      const store = await openStore(call, scope, run.spec.storage.store);
      const chosen = choose(await publishedBy(scope, store, run, index, call.signal), run.metadata.name, index, step);
      await download(call, store, [{ title: chosen.work, manifest: chosen.found, folder: dir }]);
      call.io.out(`Step ${chosen.found.content.step} of ${chosen.work} (${chosen.found.digest}) is in ${dir}.\n`);
      call.next(`atoll checkpoints ls ${run.metadata.name}`, 'what else it has published');
      return 0;
    });
  },
};

function stepOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[0-9]{1,15}$/.test(text)) return Number(text);
  throw new CommandLineError(`--step "${text}" is no number of a step`);
}

function choose(published: readonly Published[], run: string, index: number, step: number | undefined) {
  const readable = published.flatMap((one) => (one.found ? [{ ...one, found: one.found }] : []));
  const fitting = step === undefined ? readable : readable.filter(({ found }) => found.content.step === step);
  const chosen = (step === undefined ? fitting.find(({ accepted }) => accepted) : undefined) ?? fitting.at(-1);
  if (chosen) return chosen;
  const steps = [...new Set(readable.map(({ found }) => found.content.step))];
  const there = steps.length === 0 ? 'it has published nothing yet' : `there are the steps ${steps.join(', ')}`;
  throw new CommandFailure(
    `cannot find ${step === undefined ? 'a checkpoint' : `step ${step}`} of expert ${index} of run ${run}: ${there}`,
  );
}
