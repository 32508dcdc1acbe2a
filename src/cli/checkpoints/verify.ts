/** `atoll checkpoints verify`: reads what a run has published and says what is not as its manifest says. */

import { sizeText } from '../../hub/partition.ts';
import { DamagedObjectError } from '../../store/errors.ts';
import { bytesOf, verifyFiles } from '../../store/manifests.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { withScope } from '../cluster.ts';
import { painter } from '../paint.ts';
import { expertIndex, expertOptions, needRun } from '../run.ts';
import { openStore, storeHelp, storeOptions } from '../store.ts';
import { count } from '../table.ts';
import { CommandFailure, exitCodes, oneWord, scopeHelp, scopeOptions, type Verb } from '../verb.ts';
import { type Published, publishedBy } from './found.ts';

const help = `Usage: atoll checkpoints verify RUN [options]

Reads every byte of the results that the hub accepted, or of everything that the run has published, and compares it with the digests
of the manifests. Nothing is kept. Exit code 4 when an object is not what its manifest says; it is named.

Options:
  -e, --expert N      only of this expert
  --all               also what is not accepted: earlier checkpoints and results of earlier placements
${storeHelp}
${scopeHelp}

Examples:
  atoll checkpoints verify digits
  atoll checkpoints verify digits -e 3 --all
`;

export const verify: Verb = {
  summary: 'read what a run has published and compare every digest',
  help,
  options: { ...scopeOptions, ...storeOptions, ...expertOptions, all: { type: 'boolean' } },
  word: 'run',
  run(call) {
    const word = oneWord(call, 'name of the run');
    const index = expertIndex(call);
    return withScope(call, async (scope) => {
      const run = await needRun(scope, word);
      const store = await openStore(call, scope, run.spec.storage.store);
      const published = await publishedBy(scope, store, run, index, call.signal);
      const chosen = published.filter(({ accepted, found }) => call.on('all') || accepted || found === undefined);
      const { name } = run.metadata;
      if (chosen.length === 0)
        throw new CommandFailure(`cannot verify run ${name}: it has no accepted result yet; --all verifies its checkpoints too`);
      let damaged = 0;
      for (const one of chosen) {
        const why = await whyDamaged(store, one, call.signal);
        if (why !== undefined) damaged++;
        const verdict = why === undefined ? 'ok' : 'damaged';
        call.io.out(`${painter(call.io)(verdict)}${' '.repeat(9 - verdict.length)}${titleOf(one)}: ${why ?? read(one)}\n`);
      }
      if (damaged === 0) call.next(`atoll pull ${name} ./${name}`, 'bring its ensemble here');
      else call.next(`atoll retry ${name} -e N --replace`, 'make a damaged expert again');
      return damaged === 0 ? exitCodes.done : exitCodes.damaged;
    });
  },
};

async function whyDamaged(store: ObjectStore, { found, why }: Published, signal: AbortSignal): Promise<string | undefined> {
  if (!found) return why ?? 'its manifest cannot be read';
  try {
    await verifyFiles(store, found, signal);
    return undefined;
  } catch (error) {
    if (!(error instanceof DamagedObjectError)) throw error;
    return error.message;
  }
}

function titleOf({ work, placement, attempt, step, final }: Published): string {
  return `${work} p${placement}a${attempt} ${final ? 'final' : `step ${step}`}`;
}

function read({ found }: Published): string {
  return found ? `${count(found.content.files.length, 'file')}, ${sizeText(bytesOf(found.content))}` : '';
}
