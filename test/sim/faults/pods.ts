/** What befalls pods, trainers and the machines they run on. */
import type { Bucket } from '../bucket.ts';
import { disks } from '../pod/disk.ts';
import type { SimPod } from '../pod/pod.ts';
import type { Mishap } from '../pod/trainer.ts';
import type { Fault } from './fault.ts';

const second = 1000;

/** The next runs of one expert's trainer go wrong. */
const mishap = (name: string, kind: Mishap['kind'], weight = 2): Fault => ({
  name,
  weight,
  longest: 120 * second,
  begin(world, { dice, fired }) {
    let left = dice.whole(1, 4);
    const index = dice.whole(0, world.plan.shape.experts - 1);
    const ask = (pod: SimPod): Mishap | undefined => {
      if (left === 0 || pod.spec.role !== 'Expert' || pod.spec.work.index !== index) return undefined;
      left--;
      fired();
      return { kind, afterSteps: dice.whole(1, 4) };
    };
    world.mishaps.add(ask);
    return () => void world.mishaps.delete(ask);
  },
});

/** Keys of checkpoints that are whole: what is lost before its manifest is written, the courier that writes it has to miss. */
const published = ({ memory }: Bucket, wanted: RegExp): string[] => {
  const keys = [...memory.objects.keys()];
  return keys.filter((key) => wanted.test(key) && memory.objects.has(key.replace(/[^/]+$/, 'manifest.json')));
};

const aRunning = (pods: SimPod[]) => pods.filter((pod) => pod.trains);

export const podFaults: readonly Fault[] = [
  mishap('crash of the trainer', 'crash', 5),
  mishap('trainer out of memory', 'oom'),
  mishap('exit 42', 'configuration', 1),
  mishap('half-written checkpoint', 'half-written'),
  mishap('exit 75 unasked', 'saved-unasked'),
  mishap('hung trainer', 'hang'),
  mishap('loss that is no number', 'nan'),
  {
    name: 'trainer ignores SIGTERM',
    weight: 2,
    longest: 240 * second,
    begin(world, { fired }) {
      const asked = new Set<SimPod>();
      const ask = (pod: SimPod) => {
        if (pod.spec.role !== 'Expert') return false;
        if (!asked.has(pod)) fired();
        asked.add(pod);
        return true;
      };
      world.deafness.add(ask);
      return () => void world.deafness.delete(ask);
    },
  },
  {
    name: 'killed courier',
    weight: 3,
    longest: second,
    begin(world, { dice, fired }) {
      const pods = world.pods();
      if (pods.length === 0) return undefined;
      dice.pick(pods).killContainer('courier', 137, 'OOMKilled');
      fired();
      return undefined;
    },
  },
  {
    name: 'killed pod',
    weight: 3,
    longest: second,
    begin(world, { dice, fired }) {
      const pods = aRunning(world.pods());
      if (pods.length === 0) return undefined;
      dice.pick(pods).kill(137, 'Error');
      fired();
      return undefined;
    },
  },
  {
    name: 'evicted pod',
    weight: 3,
    longest: second,
    begin(world, { dice, fired }) {
      const pods = aRunning(world.pods());
      if (pods.length === 0) return undefined;
      const pod = dice.pick(pods);
      world.sites.find(({ name }) => name === pod.island)?.nodes.evict(pod);
      fired();
      return undefined;
    },
  },
  {
    name: 'full disk',
    weight: 2,
    longest: 60 * second,
    begin(world, { dice, fired }) {
      const pods = aRunning(world.pods());
      if (pods.length === 0) return undefined;
      const folder = dice.pick(pods).path('work');
      disks.fill(folder);
      fired();
      return () => disks.free(folder);
    },
  },
  {
    name: 'silent kubelet',
    weight: 4,
    longest: 150 * second,
    begin(world, { dice, fired }) {
      const { nodes } = dice.pick(world.sites);
      const node = dice.pick(nodes.names);
      nodes.cutOff(node);
      fired();
      return () => nodes.bringBack(node);
    },
  },
  {
    name: 'lost node',
    weight: 4,
    longest: 120 * second,
    begin(world, { dice, fired }) {
      const { nodes } = dice.pick(world.sites);
      const node = dice.pick(nodes.names);
      nodes.kill(node);
      fired();
      return () => nodes.replace(node);
    },
  },
  {
    name: 'doubled pods',
    weight: 3,
    longest: 200 * second,
    begin(world, { dice, fired }) {
      const { jobs } = dice.pick(world.sites);
      jobs.doubles = true;
      const before = jobs.counts.doubled;
      return () => {
        jobs.doubles = false;
        if (jobs.counts.doubled > before) fired();
      };
    },
  },
  {
    name: 'lost file of a checkpoint',
    weight: 2,
    longest: second,
    begin({ bucket }, { dice, fired }) {
      const keys = published(bucket, /\/step-\d+\/weights\.bin$/);
      const key = keys.at(-1 - dice.whole(0, Math.min(1, keys.length - 1)));
      if (key === undefined) return undefined;
      bucket.memory.objects.delete(key);
      bucket.damaged.add(key);
      fired();
      return undefined;
    },
  },
  {
    name: 'damaged checkpoint',
    weight: 4,
    longest: second,
    begin({ bucket }, { dice, fired }) {
      const keys = published(bucket, /\/step-\d+\/(?:weights\.bin|manifest\.json)$/);
      if (keys.length === 0) return undefined;
      const key = keys.at(-1 - dice.whole(0, Math.min(1, keys.length - 1))) ?? '';
      const bytes = Uint8Array.from(bucket.memory.objects.get(key) ?? []);
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
      bucket.memory.objects.set(key, dice.chance(0.7) ? bytes : bytes.subarray(0, bytes.length >> 1));
      bucket.damaged.add(key);
      fired();
      return undefined;
    },
  },
];
