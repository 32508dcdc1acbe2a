/** Where the hub's answers go: the inbox that a request names must be the asking island's own. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { mayAnswerTo } from '../../src/link/subjects.ts';
import { createWorld } from './world.ts';

describe('an answer', () => {
  it('goes to nobody but the island that asks', async () => {
    const world = createWorld();
    const hub = world.hub();
    const paris = world.island('paris');
    hub.start();
    paris.start();
    await world.until('a sync', () => world.bus.sent.some(({ subject }) => subject === 'atoll.hub.paris.sync'));
    const [sync] = world.bus.sent.filter(({ subject }) => subject === 'atoll.hub.paris.sync');
    const asOslo = (inbox: string) => world.bus.inject('atoll.hub.oslo.sync', sync?.data ?? new Uint8Array(), inbox);
    for (const inbox of ['_INBOX_paris.1', 'atoll.island.paris.poke', '_INBOX_oslo', '_INBOX_oslo2.1', '$SYS.REQ.x'])
      assert.equal(await asOslo(inbox), undefined, inbox);
    assert.equal(hub.reports.has('oslo'), false);
    assert.ok(await asOslo('_INBOX_oslo.1'));
    await world.stop();
  });

  const cases: [string, string | undefined, boolean][] = [
    ['atoll.hub.oslo.sync', '_INBOX_oslo.a.b', true],
    ['atoll.hub.oslo.logs.7', '_INBOX_oslo.a.b', true],
    ['atoll.hub.oslo.logs.7', '_INBOX_paris.a.b', false],
    ['atoll.hub.oslo.progress', undefined, true],
    ['elsewhere', '_INBOX_oslo.a', false],
  ];
  for (const [subject, inbox, expected] of cases)
    it(`to ${subject} ${expected ? 'may' : 'may not'} go to ${inbox ?? 'nobody'}`, () => {
      assert.equal(mayAnswerTo('atoll', inbox === undefined ? { subject } : { subject, inbox }), expected);
    });
});
