/**
 * How long a crashed work waits for its next Job: on one real cluster, works crash again and again after each published checkpoint.
 * `sh local/run.sh test/bench/recovery.ts [crashes=100] [works=2]`; needs root, and takes some minutes. Most of a cycle is the kubelet
 * starting three containers one after the other, which costs time but little of the processor: so several works crash at once.
 *
 * Times of the kubelet have whole seconds, so both ends are taken from watches of this process: the first event that shows the last
 * container of an attempt terminated, and the event that shows the Job of the next attempt created. The agent sees the same first
 * event in its own watch at about the same moment.
 */
import { readFileSync } from 'node:fs';
import { labels } from '../../src/api/labels.ts';
import { container, hasEnded } from '../../src/island/podview.ts';
import { jobs, type Pod, pods } from '../../src/kube/core.ts';
import type { KubeObject, ResourceType } from '../../src/kube/types.ts';
import { datasetManifest, namespace } from '../e2e/trainings.ts';
import { startWorld } from '../e2e/world.ts';
import { histogram, quantile } from './histogram.ts';

const crashes = Number(process.argv[2] ?? 100);
const works = Number(process.argv[3] ?? 2);
const limitMs = 1_200_000;

const world = await startWorld({ name: 'recovery' });
const end = new AbortController();

/** By `<uid of the IslandJob>/<attempt>`: when something of that attempt was seen first, in ms of `performance.now()`. */
type Sightings = Map<string, number>;
const ended: Sightings = new Map();
const created: Sightings = new Map();
const running: Sightings = new Map();

function note(sightings: Sightings, { metadata }: KubeObject): void {
  const { [labels.islandJobUid]: uid, [labels.attempt]: attempt } = metadata.labels ?? {};
  const key = `${uid}/${attempt}`;
  if (!sightings.has(key)) sightings.set(key, performance.now());
}

async function watch<T extends KubeObject>(type: ResourceType<T>, see: (object: T) => void): Promise<void> {
  const selection = { namespace, labelSelector: `${labels.role}=Expert` };
  let { resourceVersion } = await world.client.list(type, selection);
  // The API server ends every watch after some minutes; the next goes on where it was.
  while (!end.signal.aborted)
    for await (const event of world.client.watch(type, { ...selection, resourceVersion, signal: end.signal })) {
      if (event.type !== 'BOOKMARK') see(event.object);
      resourceVersion = event.type === 'BOOKMARK' ? event.resourceVersion : (event.object.metadata.resourceVersion ?? '');
    }
}

function seePod(pod: Pod): void {
  if (hasEnded(pod, new Set())) note(ended, pod);
  if (container(pod, 'trainer')?.state?.running) note(running, pod);
}

/** From the end of each attempt to the sighting of the next one. */
function gaps(sightings: Sightings): number[] {
  return [...ended].flatMap(([key, from]) => {
    const [uid, attempt] = key.split('/');
    const to = sightings.get(`${uid}/${Number(attempt) + 1}`);
    return to === undefined ? [] : [to - from];
  });
}

const training = (name: string): object => ({
  apiVersion: 'atoll.dev/v1alpha1',
  kind: 'ExpertTraining',
  metadata: { name, namespace },
  spec: {
    dataset: 'digits',
    storage: { store: 'default', prefix: 'atoll/' },
    expert: {
      command: ['python3', '-c', readFileSync(new URL('recovery.py', import.meta.url), 'utf8')],
      resources: { cpu: '100m', memory: '256Mi' },
      retry: { maxRestarts: 1000, backoff: { initial: '1s', max: '1s' } },
      grace: { save: '5s', publish: '10s' },
    },
  },
});

try {
  const watches = [watch(jobs, (job) => note(created, job)), watch(pods, seePod)];
  const broken = Promise.all(watches).then(() => Promise.reject(new Error('cannot measure: a watch has ended')));
  broken.catch(() => {}); // raced below; after the end it is aborted
  await world.apply(datasetManifest({ experts: 1, method: 'Random' }, '500m'));
  for (let work = 0; work < works; work++) await world.apply(training(`crashes-${work}`));
  const measured = world.until(`${crashes} crashes`, async () => gaps(created).length >= crashes, limitMs);
  // What was measured until then is shown all the same.
  await Promise.race([measured, broken]).catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message.split('\n')[0] : String(error)}\n`);
    process.exitCode = 1;
  });

  const toJob = gaps(created).slice(0, crashes);
  process.stdout.write(
    `${histogram(`${toJob.length} crashes of ${works} works, last container seen terminated -> next Job created`, toJob)}\n`,
  );
  const again = gaps(running);
  const text = (share: number) => `${(quantile(again, share) / 1000).toFixed(1)} s`;
  process.stdout.write(
    `last container seen terminated -> next trainer running: p50 ${text(0.5)}, p99 ${text(0.99)} of ${again.length}\n`,
  );
  const [p50, p99] = [quantile(toJob, 0.5), quantile(toJob, 0.99)];
  if (p50 > 1000 || p99 > 5000) process.exitCode = 1;
} finally {
  end.abort(new Error('enough measured'));
  await world.stop();
}
