/** What is asked for from the page changes the objects, with the user's rights, after the page said what happens. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ComputeIsland, ComputeIslandKind } from '../../../src/api/computeisland.ts';
import { type ExpertTraining, ExpertTrainingKind } from '../../../src/api/experttraining.ts';
import { requestAnnotations } from '../../../src/api/labels.ts';
import { eventually } from '../../kube/eventually.ts';
import { violations } from './browser.ts';
import type { Here } from './world.ts';

/** To be registered last: it ends with a right taken away. */
export function steerTests(here: () => Here): void {
  const page = () => here().seen.page;
  const training = (name = 'digits') =>
    here().world.client.get<ExpertTraining>(ExpertTrainingKind, { namespace: 'research', name });
  const island = (name: string) => here().world.client.get<ComputeIsland>(ComputeIslandKind, { name });
  const dialog = () => page().getByRole('dialog');
  const button = (name: string | RegExp) => page().locator('main').getByRole('button', { name }).first();

  test('suspend says what it stops, is not done when cancelled, and is done when confirmed', async () => {
    await page().goto(`${here().world.url}runs/research/digits`);
    await button('Suspend').click();
    assert.match(
      await dialog().innerText(),
      /Suspend research\/digits\?[^]*4 experts[^]*save a checkpoint and stop[^]*recorded as done by/,
    );
    assert.deepEqual(await violations(page()), []);
    await page().keyboard.press('Escape');
    await dialog().waitFor({ state: 'detached' });
    assert.equal((await training())?.spec.suspend, false);
    await button('Suspend').click();
    await dialog().getByRole('button', { name: 'Suspend' }).click();
    await page()
      .getByText(/is asked to suspend/)
      .waitFor();
    assert.equal((await training())?.spec.suspend, true);
    await button('Resume').click();
    await dialog().getByRole('button', { name: 'Resume' }).click();
    await eventually('resumed', async () => (await training())?.spec.suspend === false);
  });

  test('retry of the blocked expert, from what needs somebody, is written where the hub reads it', async () => {
    await page().goto(`${here().world.url}runs/research/digits`);
    await button(/^Retry/).click();
    assert.match(await dialog().innerText(), /Retry expert 3[^]*new retry budget/);
    await dialog().getByRole('button', { name: 'Retry' }).click();
    await dialog().waitFor({ state: 'detached' });
    assert.match((await training())?.metadata.annotations?.[requestAnnotations.retry] ?? '', /3/);
  });

  test('move offers the islands that are open, and names the chosen one', async () => {
    await page().goto(`${here().world.url}runs/research/digits/experts/2`);
    await button('Move').click();
    const choice = dialog().getByLabel('To');
    assert.deepEqual(await choice.locator('option').allInnerTexts(), ['the island that the hub finds best', 'east']);
    await choice.selectOption('east');
    await dialog().getByRole('button', { name: 'Move' }).click();
    await dialog().waitFor({ state: 'detached' });
    assert.match((await training())?.metadata.annotations?.[requestAnnotations.move] ?? '', /2.*east/);
  });

  test('an island is cordoned and uncordoned, and the list shows it at once', async () => {
    await page().goto(`${here().world.url}islands`);
    const row = page().locator('tbody tr', { hasText: 'east' });
    await row.getByRole('button', { name: 'Cordon' }).click();
    await dialog().getByRole('button', { name: 'Cordon' }).click();
    await row.getByText('cordoned').waitFor();
    assert.equal((await island('east'))?.spec.cordoned, true);
    await row.getByRole('button', { name: 'Uncordon' }).click();
    await dialog().getByRole('button', { name: 'Uncordon' }).click();
    await eventually('uncordoned', async () => (await island('east'))?.spec.cordoned === false);
  });

  test('what the API server refuses is said in the dialog, and nothing is changed', async () => {
    await page().goto(`${here().world.url}runs/research/digits`);
    await button('Suspend').waitFor();
    await here().world.api.server.kubectl(['delete', 'rolebinding', 'editor', '-n', 'research']);
    // The right is remembered for some seconds: the button may still be there, the API server decides.
    await button('Suspend').click();
    await dialog().getByRole('button', { name: 'Suspend' }).click();
    await Promise.race([dialog().getByRole('alert').waitFor(), page().getByText('that you may read').waitFor()]);
    assert.equal((await training())?.spec.suspend, false);
  });
}
