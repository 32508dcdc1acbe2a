/** 11. After faults stop the end state equals the fault-free end state except attempts, times and budgets, and then no object is written. */
import { type ExpertShard, ExpertShardKind } from '../../../src/api/expertshard.ts';
import type { Invariant } from './invariant.ts';

/** What is written though nothing happens: leases, and once a minute that an island was heard. */
const aside = new Set(['Lease', 'ComputeIsland']);

export const end: Invariant = {
  number: 11,
  title: 'faults change nothing about the end, and then nothing is written',
  watch(world, violate) {
    let danger = 0;
    let over = false;
    let gone = false;
    const says = ({ metadata, status }: ExpertShard) =>
      `${metadata.name} is ${status?.state} on ${status?.island}: ${status?.reason} ${status?.message ?? ''}`;
    return {
      see(fact) {
        if (fact.kind === 'fault') danger++;
        if (fact.kind === 'user' && fact.text.startsWith('delete')) gone = true;
        if (!over || fact.kind !== 'write' || aside.has(fact.event.type.kind)) return;
        const { type, object, change } = fact.event;
        violate(
          `${fact.by ?? 'kubernetes'} has ${change} ${type.kind} ${object.metadata.name} at ${fact.cluster} although all is over`,
        );
      },
      settled() {
        const training = world.user.training();
        if (gone && training)
          violate(`the training was deleted and is still there: ${JSON.stringify(training.status?.conditions)}`);
        if (!gone && !training) violate('the training is gone although nobody deleted it');
        const shards = world.hub.api.all(ExpertShardKind);
        // A router or an evaluation out of its budget is the one end of a run that faults may bring.
        const spent = training?.status?.conditions.some(
          ({ type, status, reason }) => type === 'Failed' && status === 'True' && mayFail.has(reason),
        );
        if (training && training.status?.state !== 'Complete' && !spent) {
          const { conditions = [], state } = training.status ?? {};
          const why = conditions.map(({ type, status, reason, message }) => `${type}=${status} ${reason}: ${message}`);
          violate(`the training is ${state} at the end: ${why.join('; ')}; ${shards.map(says).join('; ')}`);
        }
        over = true;
      },
      get danger() {
        return danger;
      },
    };
  },
};

const mayFail = new Set(['RouterFailed', 'EvaluationFailed']);
