/** 14. Counted retries ≤ budget; delay ≥ back-off; blocking classes retry zero times. */
import { parseDuration } from '../../../src/api/duration.ts';
import type { IslandJob } from '../../../src/api/islandjob.ts';
import type { AttemptRecord } from '../../../src/api/work.ts';
import type { Invariant } from './invariant.ts';

interface Said {
  readonly counts: boolean;
  /** Whether the next attempt must not follow this end, given the ends before it. */
  readonly blocks?: (last: AttemptRecord, before: AttemptRecord | undefined, checkpointAttempt: number) => boolean;
}

const always = () => true;
const again: Said['blocks'] = (last, before, checkpointAttempt) =>
  before !== undefined && before.class === last.class && before.number > checkpointAttempt;

/** The table of section 8 of the design, written down a second time: what the product's own says is not asked. */
const classes = new Map<string, Said>([
  ['Disruption', { counts: false }],
  ['NodeLost', { counts: false }],
  ['GpuFault', { counts: false }],
  ['AttemptTaken', { counts: false }],
  ['OutOfMemory', { counts: true, blocks: again }],
  ['Configuration', { counts: false, blocks: always }],
  ['InputDamaged', { counts: false, blocks: always }],
  ['Application', { counts: false, blocks: always }],
  ['Succeeded', { counts: false, blocks: always }],
  ['NoProgress', { counts: true }],
  ['NonFinite', { counts: true, blocks: (last, before) => before?.class === 'NonFinite' && before.step === last.step }],
  ['Storage', { counts: true }],
  ['Crash', { counts: true }],
]);
const counts = ({ class: kind }: AttemptRecord) => classes.get(kind ?? '')?.counts ?? true;

export const budget: Invariant = {
  number: 14,
  title: 'retries stay within their budget and wait for their back-off',
  watch(world, violate) {
    let danger = 0;
    const closedAt = new Map<string, number>();

    /** Shortest time between the end of the newest closed attempt and the next one. */
    function backoff({ spec, status }: IslandJob, closed: readonly AttemptRecord[]): number {
      const last = closed.at(-1);
      if (!last || !counts(last)) return 0;
      const since = status?.checkpoint?.attempt ?? 0;
      const barren = closed.filter((record) => record.number > since && counts(record)).length;
      if (barren === 0) return 0;
      const { initial, max } = spec.retry.backoff;
      return Math.min(parseDuration(max), parseDuration(initial) * 2 ** (barren - 1));
    }

    return {
      see(fact) {
        if (fact.kind !== 'write' || fact.cluster === 'hub' || fact.event.type.kind !== 'IslandJob') return;
        if (fact.event.change !== 'MODIFIED') return;
        const [now, before] = [fact.event.object, fact.event.old] as [IslandJob, IslandJob | undefined];
        const { metadata, spec, status } = now;
        const closed = (status?.attempts ?? []).filter((record) => record.class !== undefined);
        for (const { number } of closed)
          if (!closedAt.has(`${metadata.uid} ${number}`)) closedAt.set(`${metadata.uid} ${number}`, world.clock.now());
        if ((status?.attempt ?? 0) <= (before?.status?.attempt ?? 0) || (status?.attempt ?? 0) < 2) return;
        danger++;
        const restarts = status?.restarts ?? 0;
        const what = `attempt ${status?.attempt} of ${metadata.name}`;
        if (restarts > spec.retry.maxRestarts)
          violate(`${what} begins after ${restarts} counted failures, ${spec.retry.maxRestarts} are allowed`);
        const last = closed.at(-1);
        if (!last) return;
        const counted = closed.filter(counts).length;
        if (closed.length < 20 && counted > spec.retry.maxRestarts)
          violate(`${what} begins after ${counted} failures that count`);
        const said = classes.get(last.class ?? '');
        if (!said) violate(`attempt ${last.number} of ${metadata.name} ended as ${last.class}, which the design does not know`);
        if (said?.blocks?.(last, closed.at(-2), status?.checkpoint?.attempt ?? 0))
          violate(`${what} begins after ${last.class} of attempt ${last.number}`);
        const waited = world.clock.now() - (closedAt.get(`${metadata.uid} ${last.number}`) ?? 0);
        const least = backoff(now, closed);
        const skewed = world.processes().some(({ process }) => process && process.skewMs !== 0);
        if (!skewed && waited < least - 50) violate(`${what} begins after ${waited} ms, the back-off is ${least} ms`);
      },
      get danger() {
        return danger;
      },
    };
  },
};
