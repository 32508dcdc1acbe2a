/** Every view in a real browser, of a run in which an expert failed and an island is cut off: what is on it, for whom, and how it is found. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { eventually } from '../../kube/eventually.ts';
import { openPage, signIn, violations } from './browser.ts';
import { experts } from './experts.ts';
import { markup } from './put.ts';
import type { Here } from './world.ts';

const run = 'runs/research/digits';
const main = (at: Page) => at.locator('main');

/** Each view, and words that stand on it only when it was drawn whole. */
const views: [path: string, words: (string | RegExp)[]][] = [
  ['runs', ['digits', /3 runs/, 'letters', 'paused']],
  [run, ['Expert 3 is blocked', /west has not been heard/, 'Last seen running', /Loss of 6 experts/]],
  [`${run}?show=table`, ['Checkpoint', /west, silent/]],
  [`${run}/experts/3`, ['Out of memory: it needs you', /Give the expert more memory/, /step 412 loss/, /Loss fell from/]],
  [`${run}/experts/5?show=table`, ['Lowest loss', /CUDA error/, 'p1a2']],
  [`${run}/lineage`, ['From the data set to the ensemble', 'Shard 5', 'Not made yet']],
  [`${run}/ensemble`, ['No ensemble yet']],
  ['experts', ['Every expert, router and evaluation', 'Blocked']],
  ['islands', [/west is not heard/, /silent, heard/, 'no cluster has joined', '3 used, 5 free']],
  ['islands/west', [/^silent, heard/, 'What is placed there', 'research/digits']],
  ['islands/north', ['<b>A100</b>', 'cordoned']],
  ['datasets', ['digits', /1 data set/]],
  ['datasets/research/digits', [/The largest, shard 2, has 1,610 samples/, '120 %']],
  ['nowhere/at/all', []],
];

export function viewTests(here: () => Here): void {
  const page = () => here().seen.page;
  const open = (path: string, at = page()) => at.goto(here().world.url + path);
  const says = (text: string | RegExp, at = page()) => main(at).getByText(text).first().waitFor();

  describe('each view opens by its address, says what is the matter, and is clean for axe in light and dark', () => {
    for (const scheme of ['light', 'dark'] as const) {
      for (const [path, words] of views.slice(0, -1)) {
        test(`${path} in ${scheme}`, async () => {
          await page().emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
          await open(path);
          for (const word of words) await says(word);
          await eventually(
            'nothing is loading',
            async () =>
              (await main(page())
                .getByText(/^Loading /)
                .count()) === 0,
          );
          for (const more of await page().locator('details').all()) await more.locator('summary').click();
          assert.deepEqual(await violations(page()), []);
          assert.equal(
            await page().evaluate('document.documentElement.scrollWidth <= innerWidth'),
            true,
            'wider than the window',
          );
        });
      }
    }

    test('on a telephone and in forced colours the run is there, whole and not wider than the screen', async () => {
      const narrow = await openPage(here().browser, { width: 400, forcedColors: true });
      await signIn(narrow.page, here().world.url, here().world.tokens.editor);
      for (const path of ['runs', run, `${run}/experts/3`, 'islands', `${run}/lineage`, 'datasets/research/digits']) {
        await open(path, narrow.page);
        await narrow.page.locator('main h1').first().waitFor();
        assert.equal(await narrow.page.evaluate('document.documentElement.scrollWidth <= innerWidth'), true, path);
      }
      assert.deepEqual(narrow.complaints, []);
      await narrow.context.close();
    });
  });

  test('the run view alone tells what is wrong, where, and what to do, most urgent first', async () => {
    await open(run);
    const needs = page().locator('.need');
    await needs.nth(1).waitFor();
    assert.match(await needs.nth(0).innerText(), /Needs you[^]*Expert 3 is blocked[^]*memory[^]*Retry/);
    assert.match(await needs.nth(1).innerText(), /Good to know[^]*west[^]*expert 1[^]*expert 4/);
    assert.equal(await page().locator('.tile').count(), experts);
  });

  test('curves have a sentence and a table with the same numbers, and arrow keys read their points', async () => {
    await open(`${run}/experts/5`);
    await says(/Loss fell from .* over 2 attempts/);
    await page()
      .getByRole('group', { name: /left and right arrow/ })
      .focus();
    await page().keyboard.press('ArrowRight');
    await says(/step 10: loss .* \(p1a1\)/);
    await page().getByRole('group', { name: 'Show' }).getByRole('button', { name: 'Table' }).click();
    const first = await page().getByRole('group', { name: 'Loss as a table' }).locator('tbody tr').first().innerText();
    assert.match(first, /^10\s+0\.\d+\s+0\.\d+\s+p1a1$/);
  });

  test('a message, a log line, a parameter and a name full of markup are text', async () => {
    await open(`${run}/experts/3`);
    await says(`a line of the log that is full of markup: ${markup}`);
    await page().getByText('Placements, conditions and resolved spec').click();
    const spec = page().getByLabel('Resolved spec');
    assert.ok((await spec.innerText()).includes(JSON.stringify(markup).slice(1, -1)));
    assert.ok((await main(page()).innerText()).includes(`it used more than its limit of 16Gi. ${markup}`));
    await open('islands/north');
    await says('<b>A100</b>');
    for (const path of [`${run}/experts/3`, 'islands/north']) {
      await open(path);
      await page().locator('main h1').waitFor();
      assert.equal(await main(page()).locator('b, img[src=x]').count(), 0);
      assert.notEqual(await page().title(), 'broken');
    }
  });

  test('the log is searched as it is read', async () => {
    await open(`${run}/experts/2`);
    await says('step 405 loss');
    await page().getByLabel('Search the log').fill('STEP 405');
    await says(/^1 of 13 lines/);
    assert.equal(await page().locator('.log mark').innerText(), 'step 405');
  });

  test('the keyboard goes through a list, opens, searches, helps and goes elsewhere', async () => {
    await open('runs');
    await page().locator('tbody tr').first().waitFor();
    await page().keyboard.press('j');
    await page().keyboard.press('j');
    await page().keyboard.press('k');
    assert.equal(await page().locator('tr[aria-current=true]').count(), 1);
    await page().keyboard.press('Enter');
    await page().waitForURL(`${here().world.url}${run}`);
    await page().keyboard.press('g');
    await page().keyboard.press('i');
    await page().waitForURL(`${here().world.url}islands`);
    await page().locator('tbody tr').first().waitFor();
    await page().keyboard.press('/');
    await page().keyboard.type('west');
    await page().waitForURL(`${here().world.url}islands?q=west`);
    await says('1 of 4 islands');
    await page().keyboard.press('Escape');
    await page().keyboard.press('?');
    await page().getByRole('dialog', { name: 'Keys and words' }).waitFor();
    await page().keyboard.press('Escape');
    await page().getByRole('dialog', { name: 'Keys and words' }).waitFor({ state: 'detached' });
    await page().goBack();
    await page().waitForURL(`${here().world.url}${run}`);
    await says('Expert 3 is blocked');
  });

  test('a reader of one namespace sees nothing of another, nor of islands, and is offered nothing to change', async () => {
    const reader = await openPage(here().browser);
    const heard: Promise<string>[] = [];
    reader.page.on('response', (response) => {
      if (response.url().includes('/api/') && !response.url().includes('/stream')) heard.push(response.text().catch(() => ''));
    });
    await signIn(reader.page, here().world.url, here().world.tokens.reader);
    await open('runs', reader.page);
    await says(/3 runs/, reader.page);
    assert.equal(await reader.page.getByRole('link', { name: 'Islands' }).count(), 0);
    await open(run, reader.page);
    await says('Expert 3 is blocked', reader.page);
    assert.equal(await main(reader.page).getByRole('button', { name: 'Suspend' }).count(), 0);
    for (const path of ['runs/secret/hidden', 'datasets/secret/digits', 'islands/west']) {
      await open(path, reader.page);
      await says(/that you may/, reader.page);
    }
    for (const path of ['experts', 'datasets']) {
      await open(path, reader.page);
      await reader.page.locator('tbody tr').first().waitFor();
      assert.doesNotMatch(await reader.page.locator('body').innerText(), /secret|hidden/);
    }
    assert.deepEqual(
      (await Promise.all(heard)).filter((text) => /secret|hidden/.test(text)),
      [],
    );
    await reader.context.close();
  });

  test('a token that the cluster does not know is refused in words, and one without rights sees an empty page that says why', async () => {
    const nobody = await openPage(here().browser);
    await open('runs', nobody.page);
    await nobody.page.getByLabel('Token').fill('not a token');
    await nobody.page.getByRole('button', { name: 'Sign in' }).click();
    await nobody.page.getByRole('alert').waitFor();
    await nobody.page.getByLabel('Token').fill(here().world.tokens.nobody);
    await nobody.page.getByRole('button', { name: 'Sign in' }).click();
    await says('No runs yet', nobody.page);
    await says(/you may not read runs in any namespace/, nobody.page);
    await nobody.page.getByRole('button', { name: 'Sign out' }).click();
    await nobody.page.getByLabel('Token').waitFor();
    await nobody.context.close();
  });

  test('through all of this the page broke no rule of its own policy and threw no error', () => {
    assert.deepEqual(here().seen.complaints, []);
  });
}
