/** A run followed from its start to its end by a page that is never loaded again, though the server was away in between. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { ComputeIslandKind } from '../../../src/api/computeisland.ts';
import { ExpertDatasetKind } from '../../../src/api/expertdataset.ts';
import { ExpertTrainingKind } from '../../../src/api/experttraining.ts';
import { systemClock as clock, systemRandom as random } from '../../../src/clock.ts';
import { createHubControllers } from '../../../src/hub/index.ts';
import { silentLog } from '../../../src/kube/types.ts';
import { dataset, island, training } from '../../hub/builders.ts';
import { createFakeIsland, type FakeIsland } from '../../hub/fake-island.ts';
import { openPage, signIn, startBrowser } from './browser.ts';
import { put } from './put.ts';
import { startWorld, type World } from './world.ts';

let world: World;
let browser: Browser;
let page: Page;
let fake: FakeIsland;
const ending = new AbortController();
let driving: Promise<void> | undefined;

before(async () => {
  const settings = { images: { workload: 'ddm' }, instance: 'hub-0', progressEveryMs: 200 };
  [world, browser] = await Promise.all([
    startWorld({
      controllers: (manager, client, store) =>
        createHubControllers({ client, manager, clock, random, log: silentLog, stores: new Map([['default', store]]), settings }),
    }),
    startBrowser(),
  ]);
  const { status = {}, ...made } = island();
  await put(world.client, ComputeIslandKind, made, status);
  fake = createFakeIsland(world.client, world.store, clock);
  ({ page } = await openPage(browser));
  await signIn(page, world.url, world.tokens.editor);
});

after(async () => {
  ending.abort(new Error('the test is over'));
  await driving;
  await browser.close();
  await world[Symbol.asyncDispose]();
});

/** Lets the island work on. */
function drive(): void {
  driving = (async () => {
    while (!ending.signal.aborted) {
      await fake.step();
      await clock.sleep(50, ending.signal).catch(() => undefined);
    }
  })();
}

const state = () => page.locator('.head .state').innerText();

test('a page follows a run from nothing to Complete, through a restart of the server, without being loaded again', async () => {
  await page.goto(`${world.url}runs`);
  await page.getByText('No runs yet').waitFor();
  await page.evaluate('window.sameDocument = true');
  await world.client.create(ExpertDatasetKind, dataset());
  await world.client.create(ExpertTrainingKind, training());
  await page.locator('tbody').getByRole('link', { name: 'digits' }).click();
  fake.fate = ({ spec }) => (spec.role === 'Expert' ? 'run' : 'succeed');
  drive();
  await page.locator('.tile', { hasText: 'Running' }).nth(3).waitFor();
  assert.equal(await state(), 'Running');

  await world.restart(async () => {
    await page.getByText('Reconnecting').waitFor();
    fake.fate = () => 'succeed';
  });
  await page.locator('.live', { hasText: 'Live' }).waitFor();
  await page.locator('.head .state', { hasText: 'Complete' }).waitFor({ timeout: 60_000 });
  await page.getByText('4 of 4', { exact: true }).waitFor();
  await page.getByRole('link', { name: 'Lineage' }).click();
  await page
    .locator('.lineage-card', { hasText: 'Ensemble' })
    .getByText(/Verified|Accepted/)
    .waitFor();
  assert.equal(await page.evaluate('window.sameDocument'), true);
});

test('after 15 s without the server the page says how old it is, and takes it back when the server is there', async () => {
  await page.goto(`${world.url}runs`);
  await page.locator('.live', { hasText: 'Live' }).waitFor();
  await world.restart(async () => {
    await page.getByText(/What you see is 1\d s old/).waitFor({ timeout: 30_000 });
  });
  await page.locator('.live', { hasText: 'Live' }).waitFor({ timeout: 30_000 });
  assert.equal(await page.getByText(/What you see is/).count(), 0);
});
