/** Everything that the page can ask for, each with the words that say what happens. */
import type { IslandRow } from '../../view/island.ts';
import type { RunRow } from '../../view/run.ts';
import type { WorkRow } from '../../view/work.ts';
import { ask, session } from '../live/ask.ts';
import { plural } from '../words/number.ts';
import { titleOf } from '../words/work.ts';
import { confirm } from './confirm.ts';

const audited = () => `It is done with your own rights and recorded as done by ${session.value?.user ?? 'you'}.`;
const partsOf = ({ namespace, name }: RunRow) => ({ namespace, run: name });
const partsOfWork = ({ namespace, run, work }: WorkRow) => ({ namespace, run, work });

export function suspend(run: RunRow): void {
  const { running } = run.experts;
  confirm({
    title: `Suspend ${run.id}?`,
    happens: [
      running === 0
        ? 'Nothing of it trains now; nothing will be started until it is resumed.'
        : `${plural(running, 'expert')} in training ${running === 1 ? 'saves a checkpoint and stops' : 'save a checkpoint and stop'}; the GPUs become free.`,
      'Resume goes on from the newest checkpoints. What is accepted stays accepted.',
      audited(),
    ],
    button: 'Suspend',
    act: () => ask('suspend', { parts: partsOf(run) }),
  });
}

export function resume(run: RunRow): void {
  const left = run.experts.total - run.experts.accepted;
  confirm({
    title: `Resume ${run.id}?`,
    happens: [
      left === 0
        ? 'The parts that are left are started.'
        : `${plural(left, 'expert')} will be placed and ${left === 1 ? 'goes' : 'go'} on from the newest checkpoint${left === 1 ? '' : 's'}.`,
      audited(),
    ],
    button: 'Resume',
    act: () => ask('resume', { parts: partsOf(run) }),
  });
}

export function retry(work: WorkRow): void {
  const accepted = work.state === 'Accepted';
  confirm({
    title: `Retry ${titleOf(work.work)} of ${work.namespace}/${work.run}?`,
    happens: [
      'It gets a new retry budget and a new placement, and goes on from its newest checkpoint that verifies.',
      accepted
        ? 'Its accepted result counts until the new one is accepted. Then the evaluation runs again, and the router too when it was trained on this result.'
        : 'The other experts are not touched.',
      audited(),
    ],
    button: 'Retry',
    act: () => ask('retry', { parts: partsOfWork(work) }),
  });
}

export function move(work: WorkRow, islands: readonly string[]): void {
  confirm({
    title: `Move ${titleOf(work.work)} of ${work.namespace}/${work.run}?`,
    happens: [
      `It saves a checkpoint on ${work.island ?? 'its island'} and stops. When that is proven, it goes on from there on another island.`,
      'Steps since its last checkpoint are lost only when saving fails.',
      audited(),
    ],
    choice: { label: 'To', none: 'the island that the hub finds best', options: islands },
    button: 'Move',
    act: (to) => ask('move', { parts: partsOfWork(work), body: to === undefined ? {} : { to } }),
  });
}

export function cordon(island: IslandRow): void {
  confirm({
    title: `Cordon ${island.name}?`,
    happens: [
      'Nothing new is placed there, for any namespace.',
      island.jobs === 0 ? 'Nothing runs there now.' : `What is there goes on: ${plural(island.jobs, 'job')}.`,
      audited(),
    ],
    button: 'Cordon',
    act: () => ask('cordon', { parts: { island: island.name } }),
  });
}

export function uncordon(island: IslandRow): void {
  confirm({
    title: `Uncordon ${island.name}?`,
    happens: ['Work may be placed there again, at once if some is waiting.', audited()],
    button: 'Uncordon',
    act: () => ask('uncordon', { parts: { island: island.name } }),
  });
}

export function approve(namespace: string, dataset: string, digest: string): void {
  confirm({
    title: `Accept the partition of ${namespace}/${dataset}?`,
    happens: [
      'Its largest shard is larger than spec.partition.maxSkew allows: experts will differ in how much they see.',
      `The partition with the digest ${digest} becomes ready, and runs that wait for it start.`,
      audited(),
    ],
    button: 'Accept',
    act: () => ask('approve', { parts: { namespace, dataset }, body: { digest } }),
  });
}
