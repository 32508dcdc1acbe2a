/** A store that is away when the result is to be published: who waits for it loses nothing, who does not is tried again. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { systemClock as clock } from '../../../src/clock.ts';
import type { Pod } from '../../../src/kube/core.ts';
import { signalContainer } from '../processes.ts';
import type { Work } from './work.ts';
import { checkpointEvery, steps } from './works.ts';
import type { Failures } from './world.ts';

/** How long the store stays away after that; a person who wants to see five minutes says ATOLL_OUTAGE=300. */
const outageMs = Number(process.env['ATOLL_OUTAGE'] ?? 0) * 1000;

export function store(failures: () => Failures): void {
  it('whose result cannot be published waits when it speaks the contract, and is tried again when its trainer just ends', async () => {
    const { storage } = failures().world;
    const patient = await failures().start('patient');
    const hasty = await failures().start('hasty', { params: { waits: false } });
    const held = await Promise.all([patient, hasty].map(holdInTheMiddle));
    await storage.kill();
    for (const pod of held) signalContainer(pod, 'trainer', 'SIGCONT');
    try {
      const { class: end, rule, message, exitCode } = await hasty.ended(1);
      assert.deepEqual([end, rule, exitCode], ['Storage', 'not-published', 0]);
      assert.match(message ?? '', /the trainer is done, but publishing its result did not finish: /);
      assert.deepEqual(await patient.endings(), [], 'it waits');
      await patient.until('that it waits is told', async () => (await patient.expert(0)).status?.reason === 'StoreUnreachable');
      await patient.tells(/held up by the store: expert 0/, /StoreUnreachable .* it waits for the store since .*: cannot /);
      if (outageMs > 0) await clock.sleep(outageMs);
      assert.deepEqual(await patient.endings(), [], 'it still waits');
    } finally {
      await storage.start();
    }
    for (const work of [patient, hasty]) await work.complete();
    assert.deepEqual(await patient.endings(), ['Succeeded by final-published']);
    // When the store is away for longer, further attempts fail at its door before one gets through.
    const [ended, ...others] = await hasty.endings();
    assert.equal(ended, 'Storage by not-published');
    assert.equal(others.pop(), 'Succeeded by final-published');
    assert.deepEqual(others, outageMs > 0 ? others.map(() => 'Storage by storage-unreachable') : []);
    assert.equal((await hasty.expert(0)).status?.restarts, 1 + others.length);
    for (const work of [patient, hasty]) assert.equal((await work.accepted(0)).step, steps);
    await hasty.tells(/Storage/, /did not finish/);
  });
}

/** Stops the trainer once it has published something; most of its steps are still to come. */
async function holdInTheMiddle(work: Work): Promise<Pod> {
  await work.published(0, checkpointEvery);
  const pod = await work.pod(0, 1);
  signalContainer(pod, 'trainer', 'SIGSTOP');
  return pod;
}
