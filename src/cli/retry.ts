/** `atoll retry`: a new budget and a new placement for one work of a run. */
import { requestAnnotations } from '../api/labels.ts';
import { retryOf, withRetry } from '../api/requests.ts';
import { withScope } from './cluster.ts';
import { durationFlag } from './flags.ts';
import { ask, capital, needWork, refuseEnded, seePlaced, workHelp, workOptions } from './request.ts';
import { needRun } from './run.ts';
import { CommandFailure, oneWord, scopeHelp, scopeOptions, type Verb } from './verb.ts';

const help = `Usage: atoll retry RUN -e N [options]

Gives a blocked work a new budget of retries and a new placement, and says where it goes on. An accepted one is trained again only
with --replace: its result counts until there is another. The other works of the run are not touched.

Options:
${workHelp}
  --replace           also when its result is accepted: it is made again
  --timeout TIME      how long to wait until it has begun (default: 2m)
  --no-wait           return as soon as the hub is asked
${scopeHelp}

Examples:
  atoll retry digits -e 3
  atoll retry digits -e 3 --replace
  atoll retry @latest --router --no-wait
`;

export const retry: Verb = {
  summary: 'give one work of a run a new budget and a new placement',
  help,
  options: {
    ...scopeOptions,
    ...workOptions,
    replace: { type: 'boolean' },
    timeout: { type: 'string' },
    'no-wait': { type: 'boolean' },
  },
  word: 'run',
  run(call) {
    const word = oneWord(call, 'name of the run');
    const timeoutMs = durationFlag(call, 'timeout') ?? 120_000;
    return withScope(call, async (scope) => {
      const run = await needRun(scope, word);
      const { name } = run.metadata;
      refuseEnded('retry a work of', run);
      const asked = await needWork(call, scope, run);
      const { work, title, status } = asked;
      const state = status?.state ?? 'Waiting';
      if (state === 'Accepted' && !call.on('replace'))
        throw new CommandFailure(`cannot retry ${title} of run ${name}: its result is accepted; say --replace to make it again`);
      if (state !== 'Accepted' && state !== 'Blocked')
        throw new CommandFailure(
          `cannot retry ${title} of run ${name}: it is ${state}, and only what is Blocked or accepted can be; atoll move ${name} lets it go on elsewhere`,
        );
      await ask(scope, asked.owner, requestAnnotations.retry, (value) => withRetry(value, retryOf(work, status)));
      call.io.out(`${capital(title)} of run ${name} gets a new budget and a new placement.\n`);
      call.next(`atoll logs ${name} ${typeof work === 'number' ? `-e ${work}` : `--${work}`} -f`, 'what its trainer writes');
      return call.on('no-wait') ? 0 : await seePlaced(call, scope, run, asked, timeoutMs);
    });
  },
};
