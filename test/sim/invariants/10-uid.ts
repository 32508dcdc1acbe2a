/** 10. Every delete carries a uid precondition; nothing is deleted by name alone. */
import type { Invariant } from './invariant.ts';

export const uid: Invariant = {
  number: 10,
  title: 'nothing is deleted by name alone',
  watch(_, violate) {
    let danger = 0;
    return {
      see(fact) {
        if (fact.kind !== 'call' || fact.call.verb !== 'delete') return;
        danger++;
        const how = fact.call.body as { uid?: string } | undefined;
        if (!how?.uid) violate(`${fact.by} deletes ${fact.call.type.kind} ${fact.call.key?.name} without a uid`);
      },
      get danger() {
        return danger;
      },
    };
  },
};
