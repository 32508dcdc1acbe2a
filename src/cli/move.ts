/** `atoll move`: lets one work of a run go on at another island. */
import { requestAnnotations } from '../api/labels.ts';
import { moveOf, withMove } from '../api/requests.ts';
import type { WorkState } from '../api/work.ts';
import { needIsland, type Scope, withScope } from './cluster.ts';
import { durationFlag } from './flags.ts';
import { type Asked, ask, capital, needWork, refuseEnded, seePlaced, workHelp, workOptions } from './request.ts';
import { needRun } from './run.ts';
import { CommandFailure, oneWord, scopeHelp, scopeOptions, type Verb } from './verb.ts';

const help = `Usage: atoll move RUN -e N [--to ISLAND] [options]

Lets one work of a run go on elsewhere: it saves a checkpoint, stops, its island proves that nothing of it runs any more, and it
goes on from that checkpoint in a new placement. While its island is not heard, there is no proof and it does not move.

Options:
${workHelp}
  --to ISLAND         where it is to go (default: where the hub places it, but not where it is)
  --timeout TIME      how long to wait until it has begun there (default: 5m)
  --no-wait           return as soon as the hub is asked
${scopeHelp}

Examples:
  atoll move digits -e 3
  atoll move digits -e 3 --to west
`;

const movable: readonly (WorkState | undefined)[] = ['Pending', 'Queued', 'Starting', 'Running', 'Suspended'];

export const move: Verb = {
  summary: 'let one work of a run go on at another island',
  help,
  options: {
    ...scopeOptions,
    ...workOptions,
    to: { type: 'string' },
    timeout: { type: 'string' },
    'no-wait': { type: 'boolean' },
  },
  word: 'run',
  run(call) {
    const word = oneWord(call, 'name of the run');
    const timeoutMs = durationFlag(call, 'timeout') ?? 300_000;
    const to = call.text('to');
    return withScope(call, async (scope) => {
      const run = await needRun(scope, word);
      const { name } = run.metadata;
      refuseEnded('move a work of', run);
      const asked = await needWork(call, scope, run);
      const { work, title, status } = asked;
      await refuseMove(scope, name, asked, to);
      await ask(scope, asked.owner, requestAnnotations.move, (value) => withMove(value, moveOf(work, status, to)));
      call.io.out(
        `${capital(title)} of run ${name} is asked to leave ${status?.island} and go ${to === undefined ? 'elsewhere' : `to ${to}`}.\n`,
      );
      call.next(`atoll watch ${name}`, 'see it go on');
      return call.on('no-wait') ? 0 : await seePlaced(call, scope, run, asked, timeoutMs);
    });
  },
};

/** What the hub would not do is said before it is asked. */
async function refuseMove(scope: Scope, run: string, { title, status }: Asked, to: string | undefined): Promise<void> {
  const cannot = (why: string) => new CommandFailure(`cannot move ${title} of run ${run}: ${why}`);
  if (!movable.includes(status?.state)) {
    const state = status?.state ?? 'Waiting';
    throw cannot(state === 'Waiting' ? 'it has no placement yet; change where it may go in spec.placement' : `it is ${state}`);
  }
  if (to === undefined) return;
  if (to === status?.island) throw cannot(`it is on ${to} already`);
  const { spec } = await needIsland(scope, to);
  if (!spec.approved) throw cannot(`island ${to} is not approved`);
  if (spec.cordoned || spec.drain)
    throw cannot(`island ${to} takes no work now; atoll island ${spec.drain ? 'undrain' : 'uncordon'} ${to} first`);
}
