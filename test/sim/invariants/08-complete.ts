/** 8. Complete implies: the accepted experts named in the ensemble manifest verify, and the router ran on exactly the digests it names. */
import { ExpertShardKind } from '../../../src/api/expertshard.ts';
import { type ExpertTraining, ExpertTrainingKind } from '../../../src/api/experttraining.ts';
import { type IslandJob, IslandJobKind } from '../../../src/api/islandjob.ts';
import type { Invariant } from './invariant.ts';
import { verified } from './reading.ts';

export const complete: Invariant = {
  number: 8,
  title: 'Complete means an ensemble whose parts verify',
  watch(world, violate) {
    let danger = 0;
    const told = new Map<string, IslandJob>();

    function check(training: ExpertTraining): void {
      danger++;
      const { evaluation, router, snapshot } = training.status ?? {};
      const shards = world.hub.api
        .all(ExpertShardKind)
        .filter(({ spec }) => spec.trainingUid === training.metadata.uid)
        .flatMap(({ status }) => status?.accepted ?? []);
      const wanted = training.spec.completion.minExperts ?? snapshot?.dataset?.experts ?? 0;
      if (shards.length < wanted) violate(`Complete with ${shards.length} accepted experts, ${wanted} are needed`);
      if (!evaluation?.accepted || !router?.accepted) return violate('Complete without an accepted router and evaluation');
      const inputsOf = ({ manifest, digest }: { manifest: string; digest: string }) =>
        verified(world, manifest, digest)?.inputs.map((input) => input.digest);
      const ensemble = inputsOf(evaluation.accepted);
      const routed = inputsOf(router.accepted);
      const damaged = [evaluation.accepted, router.accepted, ...shards].some(({ manifest }) => isDamaged(manifest));
      if (damaged) return undefined;
      if (!ensemble || !routed) return violate('the manifest of the ensemble or of the router does not verify');
      for (const part of [...shards, router.accepted]) {
        if (!verified(world, part.manifest, part.digest)) violate(`${part.manifest} is part of the ensemble and does not verify`);
        if (!ensemble.includes(part.digest)) violate(`the ensemble does not name ${part.manifest}`);
      }
      const given = told.get(router.job ?? '')?.spec.inputs.map((input) => input.digest) ?? [];
      const onExperts = training.spec.router?.start === 'WhenExpertsComplete';
      const must = new Set([snapshot?.dataset?.digest ?? '', ...(onExperts ? shards.map(({ digest }) => digest) : [])]);
      const same = routed.length === given.length && routed.every((digest) => given.includes(digest));
      if (!same) violate('the router names other inputs than it was given');
      if (routed.length !== must.size || routed.some((digest) => !must.has(digest)))
        violate(`the router ran on ${routed.length} inputs that are not the ${must.size} that it must`);
    }

    function isDamaged(manifest: string): boolean {
      const folder = manifest.slice(0, manifest.lastIndexOf('/') + 1);
      return [...world.bucket.damaged].some((key) => key.startsWith(folder));
    }

    return {
      see(fact) {
        if (fact.kind !== 'write' || fact.cluster !== 'hub') return;
        const { event } = fact;
        if (event.type.kind === IslandJobKind.kind) told.set(event.object.metadata.name, event.object as IslandJob);
        if (event.type.kind !== ExpertTrainingKind.kind) return;
        const [now, before] = [event.object, event.old] as (ExpertTraining | undefined)[];
        if (now?.status?.state === 'Complete' && before?.status?.state !== 'Complete') check(now);
      },
      get danger() {
        return danger;
      },
    };
  },
};
