/** What the dashboard costs: bytes of lists and snapshots of 1,000 experts, and how many events 200 updates a second become. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ExpertShardKind } from '../../src/api/expertshard.ts';
import { readEvents } from '../dashboard/events.ts';
import { anExpert, fill, startMemoryWorld } from '../dashboard/memory-world.ts';
import { eventually } from '../kube/eventually.ts';

const world = await startMemoryWorld();
const say = (line: string) => process.stdout.write(`${line}\n`);
try {
  fill(world, 4, 250);
  await eventually('all experts are there', () => world.objects.shards.store.size === 1000);
  for (const encoding of ['identity', 'gzip']) {
    const began = performance.now();
    const list = await world.get('api/works?limit=1000', { 'accept-encoding': encoding });
    const bytes = list.headers.get('content-length');
    await list.arrayBuffer();
    say(`list of 1,000 experts, ${encoding}: ${bytes} bytes in ${(performance.now() - began).toFixed(0)} ms`);
  }
  const stream = readEvents(await world.get('api/stream?works=all'));
  await stream.next('beat');
  const began = performance.now();
  for (let update = 0; update < 2000; update++) {
    world.api.put(ExpertShardKind, anExpert('run-0', update % 250, 10_000 + update));
    const ahead = (update + 1) * 5 - (performance.now() - began);
    if (ahead > 0) await sleep(ahead);
  }
  const seconds = (performance.now() - began) / 1000;
  await sleep(1000);
  await stream.next('beat');
  const events = stream.all.filter(({ event }) => event === 'change').length;
  say(`2,000 updates in ${seconds.toFixed(1)} s became ${events} events (${(events / seconds).toFixed(1)} a second)`);
  await stream.close();
} finally {
  await world.stop();
}
