/** `atoll checkpoints ls`: what a run has published. */

import { sizeText } from '../../hub/partition.ts';
import { withScope } from '../cluster.ts';
import { dataText, formatOf, outputOptions } from '../output.ts';
import { painter } from '../paint.ts';
import { expertIndex, expertOptions, needRun } from '../run.ts';
import { openStore, storeHelp, storeOptions } from '../store.ts';
import { table } from '../table.ts';
import { oneWord, scopeHelp, scopeOptions, type Verb } from '../verb.ts';
import { type Published, publishedBy } from './found.ts';

const help = `Usage: atoll checkpoints ls RUN [options]

Lists what a run has published, as its bucket holds it: checkpoints and final results of every attempt, which of them the hub
accepted, and their digests. Only manifests are read; atoll checkpoints verify reads everything.

Options:
  -e, --expert N      only of this expert
  -o, --output FORMAT json, yaml or name (the keys of the manifests)
${storeHelp}
${scopeHelp}

Examples:
  atoll checkpoints ls digits
  atoll checkpoints ls @latest -e 3 -o json
`;

export const ls: Verb = {
  summary: 'list what a run has published',
  help,
  options: { ...scopeOptions, ...storeOptions, ...outputOptions, ...expertOptions },
  word: 'run',
  run(call) {
    const word = oneWord(call, 'name of the run');
    const format = formatOf(call, ['table', 'json', 'yaml', 'name']);
    const index = expertIndex(call);
    return withScope(call, async (scope) => {
      const run = await needRun(scope, word);
      const store = await openStore(call, scope, run.spec.storage.store);
      const published = await publishedBy(scope, store, run, index, call.signal);
      if (format === 'name') call.io.out(published.map(({ manifest }) => `${manifest}\n`).join(''));
      else if (format === 'json' || format === 'yaml') call.io.out(dataText(format, published.map(dataOf)));
      else if (published.length === 0) call.io.err(`Run ${run.metadata.name} has published nothing yet.\n`);
      else {
        call.io.out(
          table(['WORK', 'ATTEMPT', 'STEP', 'KIND', 'FILES', 'SIZE', 'STATE', 'DIGEST'], published.map(rowOf), painter(call.io)),
        );
        call.next(`atoll checkpoints verify ${run.metadata.name}`, 'read every byte of what counts');
      }
      return 0;
    });
  },
};

function dataOf({ work, placement, attempt, step, final, manifest, found, why, accepted }: Published) {
  const content = found?.content;
  return {
    work,
    placement,
    attempt,
    step: content?.step ?? step,
    final,
    accepted,
    manifest,
    ...(content
      ? {
          digest: found.digest,
          kind: content.kind,
          files: content.files.length,
          bytes: content.files.reduce((sum, { size }) => sum + size, 0),
        }
      : { damaged: why }),
  };
}

function rowOf(one: Published): string[] {
  const { work, placement, attempt, step, kind, files, bytes, digest, final, accepted } = {
    kind: '',
    files: 0,
    bytes: 0,
    digest: '',
    ...dataOf(one),
  };
  const state = one.found === undefined ? 'damaged' : accepted ? 'Accepted' : final ? 'final' : '';
  return [work, `p${placement}a${attempt}`, String(step ?? ''), kind, String(files), sizeText(bytes), state, digest];
}
