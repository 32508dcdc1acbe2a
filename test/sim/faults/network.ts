/** API servers, watches, NATS and the object store that fail, lag, and lose what was said. */
import type { Cluster, Refusal } from '../access.ts';
import type { Dice } from '../random.ts';
import type { World } from '../world.ts';
import { counted, type Fault } from './fault.ts';

const second = 1000;
const clusterOf = (world: World, dice: Dice): Cluster => dice.pick([world.hub, ...world.sites.map(({ cluster }) => cluster)]);

const storm = (name: string, ways: readonly Refusal[]): Fault => ({
  name,
  weight: 3,
  longest: 60 * second,
  begin(world, { dice, fired }) {
    const cluster = clusterOf(world, dice);
    Object.assign(cluster.weather, { failing: dice.between(0.2, 0.9), ways });
    return counted(
      () => cluster.counts.refused,
      fired,
      () => Object.assign(cluster.weather, { failing: 0 }),
    );
  },
});

export const network: readonly Fault[] = [
  storm('storm of conflicts', ['conflict']),
  storm('storm of 429', ['busy']),
  storm('storm of 503 and resets', ['broken', 'reset']),
  {
    name: 'lost replies of an API server',
    weight: 4,
    longest: 90 * second,
    begin(world, { dice, fired }) {
      const cluster = clusterOf(world, dice);
      cluster.weather.losing = dice.between(0.1, 0.6);
      return counted(
        () => cluster.counts.lost,
        fired,
        () => void (cluster.weather.losing = 0),
      );
    },
  },
  {
    name: 'API server away',
    weight: 2,
    longest: 60 * second,
    begin(world, { dice, fired }) {
      const cluster = clusterOf(world, dice);
      cluster.weather.away = true;
      cluster.api.breakWatches(new Error('connection reset'));
      fired();
      return () => void (cluster.weather.away = false);
    },
  },
  {
    name: 'stale caches',
    weight: 4,
    longest: 90 * second,
    begin(world, { dice, fired }) {
      const cluster = clusterOf(world, dice);
      cluster.weather.lagMs = dice.between(1000, 15_000);
      fired();
      return () => void (cluster.weather.lagMs = 10);
    },
  },
  {
    name: 'stalled watch',
    weight: 4,
    longest: 60 * second,
    begin(world, { dice, fired }) {
      const cluster = clusterOf(world, dice);
      const kind = dice.pick(['*', 'islandjobs', 'pods', 'jobs', 'expertshards', 'computeislands', 'experttrainings']);
      cluster.weather.stalled.add(kind);
      return counted(
        () => cluster.counts.stalls,
        fired,
        () => void cluster.weather.stalled.delete(kind),
      );
    },
  },
  {
    name: 'compacted history',
    weight: 1,
    longest: second,
    begin(world, { dice, fired }) {
      const cluster = clusterOf(world, dice);
      cluster.api.compact();
      cluster.api.breakWatches();
      fired();
      return undefined;
    },
  },
  {
    name: 'cut wire',
    weight: 5,
    longest: 150 * second,
    begin(world, { dice, fired }) {
      const { name } = dice.pick(world.sites);
      world.bus.weather.cut.add(name);
      fired();
      return () => {
        world.bus.weather.cut.delete(name);
        world.bus.mended();
      };
    },
  },
  {
    name: 'wire cut one way',
    weight: 3,
    longest: 120 * second,
    begin(world, { dice, fired }) {
      const { name } = dice.pick(world.sites);
      const way = dice.pick([`hub>${name}`, `${name}>hub`]);
      world.bus.weather.deaf.add(way);
      return counted(
        () => world.bus.counts.blocked,
        fired,
        () => void world.bus.weather.deaf.delete(way),
      );
    },
  },
  {
    name: 'lossy bus',
    weight: 4,
    longest: 120 * second,
    begin(world, { dice, fired }) {
      Object.assign(world.bus.weather, { loss: dice.between(0.1, 0.5), duplication: 0.3, delayMs: dice.between(500, 6000) });
      return counted(
        () => world.bus.counts.lost + world.bus.counts.doubled,
        fired,
        () => void Object.assign(world.bus.weather, { loss: 0, duplication: 0, delayMs: 8 }),
      );
    },
  },
  {
    name: 'NATS away',
    weight: 3,
    longest: 120 * second,
    begin(world, { fired }) {
      world.bus.weather.away = true;
      fired();
      return () => {
        world.bus.weather.away = false;
        world.bus.mended();
      };
    },
  },
  {
    name: 'failing store',
    weight: 4,
    longest: 90 * second,
    begin(world, { dice, fired }) {
      Object.assign(world.bucket.weather, { failing: dice.between(0.1, 0.6), slowMs: 400 });
      return counted(
        () => world.bucket.failed.before,
        fired,
        () => void Object.assign(world.bucket.weather, { failing: 0, slowMs: 20 }),
      );
    },
  },
  {
    name: 'store with unknown outcomes',
    weight: 4,
    longest: 90 * second,
    begin(world, { dice, fired }) {
      world.bucket.weather.losing = dice.between(0.1, 0.6);
      return counted(
        () => world.bucket.failed.after,
        fired,
        () => void (world.bucket.weather.losing = 0),
      );
    },
  },
];
