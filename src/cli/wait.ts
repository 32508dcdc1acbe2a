/** `atoll wait`: returns when a run is Complete or Failed, whichever comes. */
import { type ExpertTraining, ExpertTrainingKind } from '../api/experttraining.ts';
import { withScope } from './cluster.ts';
import { durationFlag } from './flags.ts';
import { until } from './follow.ts';
import { needRun } from './run.ts';
import { acceptedText } from './standing.ts';
import { type Call, CommandFailure, exitCodes, oneWord, scopeHelp, scopeOptions, type Verb } from './verb.ts';

const help = `Usage: atoll wait RUN [options]

Returns when the run has ended, whichever way: exit code 0 when it is Complete, 1 when it is Failed or was deleted, 3 when the time
is over.

Options:
  --timeout TIME      wait no longer than this, such as 48h (default: without limit)
${scopeHelp}

Examples:
  atoll wait digits --timeout 48h && atoll pull digits ./ensemble
  atoll wait @latest || atoll explain @latest
`;

export const wait: Verb = {
  summary: 'return when a run is Complete or Failed',
  help,
  options: { ...scopeOptions, timeout: { type: 'string' } },
  word: 'run',
  run(call) {
    const word = oneWord(call, 'name of the run');
    const timeoutMs = durationFlag(call, 'timeout');
    return withScope(call, async (scope) => {
      const run = await needRun(scope, word);
      const { name, namespace = '', uid } = run.metadata;
      const watched = { type: ExpertTrainingKind, namespace, fieldSelector: `metadata.name=${name}` };
      const end = await until(call, scope, watched, (store) => endOf(store.get({ namespace, name }), uid), timeoutMs);
      if (!end) {
        const now = await scope.client.get(ExpertTrainingKind, { namespace, name });
        const { experts, progress } = now?.status?.display ?? {};
        const so = [now?.status?.state ?? 'Pending', experts && acceptedText(experts), progress].filter(Boolean).join(', ');
        throw new CommandFailure(
          `run ${name} has not ended within ${call.text('timeout')}: it is ${so}; atoll explain ${name} says why`,
          exitCodes.timeout,
        );
      }
      return say(call, name, end);
    });
  },
};

type End = ExpertTraining | 'gone';

function endOf(run: ExpertTraining | undefined, uid: string | undefined): End | undefined {
  if (!run || run.metadata.uid !== uid) return 'gone';
  return run.status?.state === 'Complete' || run.status?.state === 'Failed' ? run : undefined;
}

function say(call: Call, name: string, end: End): number {
  if (end === 'gone') throw new CommandFailure(`cannot wait for run ${name} any longer: it was deleted`);
  if (end.status?.state === 'Failed') {
    const failed = end.status.conditions.find(({ type }) => type === 'Failed');
    throw new CommandFailure(
      `run ${name} is Failed: ${failed?.reason ?? 'unknown'}, ${failed?.message ?? 'no condition says why'}; atoll explain ${name} says what to change`,
    );
  }
  call.io.out(`Run ${name} is Complete.\n`);
  call.next(`atoll pull ${name} ./${name}`, 'bring its ensemble here, every digest verified');
  return exitCodes.done;
}
