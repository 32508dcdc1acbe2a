/** 16. Secrets' values appear in no log, event, status, message or manifest. */
import { attemptToken } from '../../../src/island/token.ts';
import { agentKey } from '../world.ts';
import type { Invariant } from './invariant.ts';

const key = new TextEncoder().encode(agentKey);
/** Objects that others may read; a Secret alone may hold what is secret. */
const hides = (kind: string) => kind === 'Secret';
/** What is read by people and other machines in the bucket, whatever lies in the files of a trainer. */
const written = /\.json$/;

export const secrets: Invariant = {
  number: 16,
  title: 'no secret is readable anywhere',
  watch({ bucket }, violate) {
    let danger = 0;
    /** The oldest tokens go: their attempts are over. */
    const secret = new Set([agentKey]);
    function scan(where: string, text: string): void {
      danger++;
      for (const one of secret) if (text.includes(one)) violate(`a secret is in ${where}: ${one.slice(0, 12)}...`);
    }
    return {
      see(fact) {
        if (fact.kind === 'started' && fact.container === 'courier') {
          const { uid, attempt } = fact.pod.attempt;
          secret.add(attemptToken(key, uid, attempt));
          const [, oldest = ''] = secret;
          if (secret.size > 12) secret.delete(oldest);
        }
        if (fact.kind === 'said') scan(fact.where, fact.text);
        if (fact.kind === 'put' && written.test(fact.key))
          scan(`${fact.key} in the bucket`, Buffer.from(bucket.memory.objects.get(fact.key) ?? []).toString('latin1'));
        if (fact.kind === 'write' && !hides(fact.event.type.kind))
          scan(`${fact.event.type.kind} ${fact.event.object.metadata.name}`, JSON.stringify(fact.event.object));
      },
      get danger() {
        return danger;
      },
    };
  },
};
