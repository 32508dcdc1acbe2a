/** The sixteen invariants of section 9 of the design, all of them watching one world. */
import type { World } from '../world.ts';
import { accepted } from './01-accepted.ts';
import { claim } from './02-claim.ts';
import { overlap } from './03-overlap.ts';
import { proof } from './04-proof.ts';
import { silence } from './05-silence.ts';
import { resume } from './06-resume.ts';
import { store } from './07-store.ts';
import { complete } from './08-complete.ts';
import { deletion } from './09-deletion.ts';
import { uid } from './10-uid.ts';
import { end } from './11-end.ts';
import { monotone } from './12-monotone.ts';
import { honest } from './13-honest.ts';
import { budget } from './14-budget.ts';
import { restart } from './15-restart.ts';
import { secrets } from './16-secrets.ts';
import type { Invariant } from './invariant.ts';

export const invariants: readonly Invariant[] = [
  accepted,
  claim,
  overlap,
  proof,
  silence,
  resume,
  store,
  complete,
  deletion,
  uid,
  end,
  monotone,
  honest,
  budget,
  restart,
  secrets,
];

/** Kinds that are written though nothing changes. */
const heartbeats = new Set(['Lease', 'ComputeIsland']);

export function watchInvariants(world: World) {
  const { record, clock } = world;
  const watches = invariants.map((invariant) => ({
    number: invariant.number,
    watch: invariant.watch(world, (message) => record.violate(invariant.number, message)),
  }));
  let last = clock.now();
  record.onFact((fact) => {
    if (fact.kind === 'write' && !heartbeats.has(fact.event.type.kind)) last = clock.now();
    for (const { watch } of watches) watch.see?.(fact);
  });
  const all = (moment: 'step' | 'settled' | 'rested') => () => {
    for (const { watch } of watches) watch[moment]?.();
  };
  return {
    /** When anything was written last, in ms. */
    lastWrite: () => last,
    step: all('step'),
    settled: all('settled'),
    rested: all('rested'),
    danger: (): { [invariant: number]: number } => Object.fromEntries(watches.map(({ number, watch }) => [number, watch.danger])),
  };
}
