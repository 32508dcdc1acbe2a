/** A list of a thousand experts, two hundred of which report every second: only what is in sight is drawn, and nothing typed is lost. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually } from '../../kube/eventually.ts';
import { report, setCrowd } from './crowd.ts';
import type { Here } from './world.ts';

/** How many of the thousand train. */
const moving = 200;

export function crowdTests(here: () => Here): void {
  const page = () => here().seen.page;
  let end = () => {};

  before(async () => {
    const { world } = here();
    end = report(world, await setCrowd(world, moving), 200);
    await page().goto(`${world.url}experts?q=crowd`);
    await page().locator('tbody tr').first().waitFor();
  });
  after(() => end());

  const drawn = () => page().locator('tbody tr:not(.gap)').count();

  test('all are in the list, few of them in the document, and the last one is reached by scrolling', async () => {
    // Each of the four runs has a router too.
    await page()
      .getByText(/^1,004 of [0-9,]+ experts/)
      .waitFor();
    assert.ok((await drawn()) < 60, `${await drawn()} rows are drawn`);
    await page().evaluate('window.scrollTo(0, document.documentElement.scrollHeight)');
    await page().locator('tbody tr', { hasText: 'crowd-3 Router' }).waitFor();
    assert.ok((await drawn()) < 60, `${await drawn()} rows are drawn`);
    await page().evaluate('window.scrollTo(0, 0)');
  });

  test('the keyboard brings rows into sight that were not drawn', async () => {
    for (let press = 0; press < 70; press += 1) await page().keyboard.press('j');
    const current = page().locator('tr[aria-current=true]');
    await current.waitFor();
    const box = await current.boundingBox();
    assert.ok(box && box.y > 0 && box.y < 900, `the row is at ${box?.y}`);
    assert.equal(await current.getAttribute('aria-rowindex'), '71');
    await page().keyboard.press('Escape');
  });

  test('while two hundred report every second, what is shown goes on and every key that is typed arrives', async () => {
    const search = page().getByLabel('Search experts');
    const losses = async () => (await page().locator('tbody tr td:nth-child(5)').allInnerTexts()).join();
    const first = await losses();
    const text = 'crowd-0 island-7 running';
    await search.fill('');
    await search.pressSequentially(text);
    assert.equal(await search.inputValue(), text);
    await page()
      .getByText(/^10 of [0-9,]+ experts/)
      .waitFor();
    await search.fill('crowd running');
    await eventually('numbers move', async () => (await losses()) !== first);
  });
}
