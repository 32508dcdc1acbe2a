/** 16. Secrets' values appear in no log, event, status, message or manifest. */
import { attemptToken } from '../../../src/island/token.ts';
import { canaries } from '../world.ts';
import type { Invariant } from './invariant.ts';

const key = new TextEncoder().encode(canaries.agentKey);
const looked = new Set(['Event', 'IslandJob', 'ConfigMap', 'Job', 'ComputeIsland']);

export const secrets: Invariant = {
  number: 16,
  title: 'no secret is readable anywhere',
  watch(_, violate) {
    let danger = 0;
    /** The oldest tokens go: their attempts are over. */
    const secret = new Set<string>(Object.values(canaries));
    function scan(where: string, text: string): void {
      danger++;
      for (const one of secret) if (text.includes(one)) violate(`a secret is in ${where}: ${one.slice(0, 12)}...`);
    }
    return {
      see(fact) {
        if (fact.kind === 'started' && fact.container === 'courier') {
          const { uid, attempt } = fact.pod.attempt;
          secret.add(attemptToken(key, uid, attempt));
          const [, , oldest = ''] = secret;
          if (secret.size > 12) secret.delete(oldest);
        }
        if (fact.kind === 'said') scan(fact.where, fact.text);
        if (fact.kind === 'write' && looked.has(fact.event.type.kind))
          scan(`${fact.event.type.kind} ${fact.event.object.metadata.name}`, JSON.stringify(fact.event.object));
      },
      get danger() {
        return danger;
      },
    };
  },
};
