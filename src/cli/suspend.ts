/** `atoll suspend` and `atoll resume`: whether the pods of a run exist. */
import { ExpertTrainingKind } from '../api/experttraining.ts';
import { patchObject, withScope } from './cluster.ts';
import { refuseEnded } from './request.ts';
import { needRun } from './run.ts';
import { oneWord, scopeHelp, scopeOptions, type Verb } from './verb.ts';

interface Switch {
  verb: 'suspend' | 'resume';
  to: boolean;
  summary: string;
  about: string;
  done: string;
  already: string;
  next: [command: string, why: string];
}

function switchVerb({ verb, to, summary, about, done, already, next }: Switch): Verb {
  return {
    summary,
    help: `Usage: atoll ${verb} RUN [options]\n\n${about}\n\nOptions:\n${scopeHelp}\n\nExamples:\n  atoll ${verb} digits\n  atoll ${verb} @latest -n research\n`,
    options: scopeOptions,
    word: 'run',
    run(call) {
      const word = oneWord(call, 'name of the run');
      return withScope(call, async (scope) => {
        const run = await needRun(scope, word);
        const { name } = run.metadata;
        refuseEnded(verb, run);
        if (run.spec.suspend === to) call.io.out(`Run ${name} ${already}.\n`);
        else {
          await patchObject(scope, ExpertTrainingKind, run, { spec: { suspend: to } });
          call.io.out(`Run ${name} ${done}.\n`);
        }
        call.next(`${next[0]} ${name}`, next[1]);
        return 0;
      });
    },
  };
}

export const suspend = switchVerb({
  verb: 'suspend',
  to: true,
  summary: 'save a checkpoint of each expert and stop all pods of a run',
  about:
    'Every pod of the run saves a checkpoint, publishes it and ends; GPUs are free then. atoll resume goes on from there.\nReturns at once: atoll watch shows when the last pod has ended.',
  done: 'is being suspended: its pods save a checkpoint and end',
  already: 'is suspended already',
  next: ['atoll resume', 'go on from the checkpoints'],
});

export const resume = switchVerb({
  verb: 'resume',
  to: false,
  summary: 'let a suspended run go on from its checkpoints',
  about: 'The run goes on from the checkpoints that it was suspended with, where islands have room.\nReturns at once.',
  done: 'goes on from its checkpoints',
  already: 'is not suspended',
  next: ['atoll watch', 'see it go on'],
});
