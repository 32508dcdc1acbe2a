/** `atoll island cordon`, `uncordon`, `drain` and `undrain`: whether work is placed on an island, and whether it leaves. */
import { ComputeIslandKind } from '../../api/computeisland.ts';
import { needIsland, patchObject, withCluster } from '../cluster.ts';
import { count } from '../table.ts';
import { type Call, clusterHelp, clusterOptions, oneWord, type Verb } from '../verb.ts';
import { hasEnded, jobsOf } from './jobs.ts';

interface Switch {
  verb: string;
  field: 'cordoned' | 'drain';
  to: boolean;
  summary: string;
  about: string;
  done: string;
  already: string;
}

function switchVerb(choice: Switch): Verb {
  const { verb, field, to, summary, about } = choice;
  return {
    summary,
    help: `Usage: atoll island ${verb} NAME [options]\n\n${about}\n\nOptions:\n${clusterHelp}\n\nExamples:\n  atoll island ${verb} west\n`,
    options: clusterOptions,
    word: 'island',
    run(call) {
      const name = oneWord(call, 'name of the island');
      return withCluster(call, async (cluster) => {
        const island = await needIsland(cluster, name);
        if (island.spec[field] === to) call.io.out(`Island ${name} ${choice.already}.\n`);
        else {
          await patchObject(cluster, ComputeIslandKind, island, { spec: { [field]: to } });
          call.io.out(`Island ${name} ${choice.done}.\n`);
        }
        if (verb === 'drain') sayJobs(call, name, (await jobsOf(cluster, name)).filter((job) => !hasEnded(job)).length);
        call.next('atoll island ls', 'where each island stands');
        return 0;
      });
    },
  };
}

function sayJobs(call: Call, name: string, left: number): void {
  call.io.out(
    left === 0
      ? 'Nothing runs there.\n'
      : `${count(left, 'work')} there: each saves a checkpoint, stops, and goes on elsewhere. See kubectl get islandjobs -A --field-selector spec.island=${name}\n`,
  );
}

export const cordon = switchVerb({
  verb: 'cordon',
  field: 'cordoned',
  to: true,
  summary: 'place nothing new on an island',
  about: 'Nothing new is placed on the island; what runs there goes on.',
  done: 'is cordoned: nothing new is placed on it, and what runs there goes on',
  already: 'is cordoned already',
});

export const uncordon = switchVerb({
  verb: 'uncordon',
  field: 'cordoned',
  to: false,
  summary: 'place work on an island again',
  about: 'Work is placed on the island again.',
  done: 'takes work again',
  already: 'is not cordoned',
});

export const drain = switchVerb({
  verb: 'drain',
  field: 'drain',
  to: true,
  summary: 'move the work of an island elsewhere',
  about:
    'Nothing new is placed on the island, and what runs there saves a checkpoint, stops and goes on elsewhere.\nReturns at once; atoll island ls shows when no job is left.',
  done: 'is drained: its work moves elsewhere',
  already: 'is being drained already',
});

export const undrain = switchVerb({
  verb: 'undrain',
  field: 'drain',
  to: false,
  summary: 'end the draining of an island',
  about: 'The island takes work again. What has left it does not come back by itself.',
  done: 'takes work again',
  already: 'is not being drained',
});
