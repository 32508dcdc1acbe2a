/** What a browser loads of the page before it shows anything: held small, and made so that nobody reads half of it. */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { bundlePage, pagePath } from '../../../local/build.ts';

const mostBytes = 120 * 1024;

test('script and style of the page are at most 120 KiB after gzip', async () => {
  const bytes = await bundlePage();
  assert.ok(bytes > 20 * 1024, `${bytes} bytes cannot be the whole page`);
  assert.ok(bytes <= mostBytes, `the page is ${bytes} bytes after gzip, ${mostBytes} are allowed`);
});

test('the page names nothing outside of its own folder, and holds no script or style of its own', async () => {
  await bundlePage();
  const html = await readFile(join(pagePath, 'index.html'), 'utf8');
  assert.deepEqual(
    [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, name]) => name),
    ['./', 'main.css', 'main.js'],
  );
  assert.doesNotMatch(html, /<script[^>]*>[^<]|<style|\son[a-z]+=|\sstyle=/);
  const style = await readFile(join(pagePath, 'main.css'), 'utf8');
  assert.doesNotMatch(style, /url\(|@import/);
});

test('the licence of every package in the page lies beside it', async () => {
  await bundlePage();
  const licences = await readFile(join(pagePath, 'licences.txt'), 'utf8');
  for (const name of ['preact', '@preact/signals', '@preact/signals-core', 'uplot'])
    assert.match(licences, new RegExp(`^${name}\\n\\n.*MIT`, 'm'));
});

test('a page that is read while two others are made is always whole', async () => {
  await bundlePage();
  const script = join(pagePath, 'main.js');
  const whole = await readFile(script, 'utf8');
  const making = Promise.all([bundlePage(), bundlePage()]);
  const state = { made: false };
  void making.then(() => {
    state.made = true;
  });
  let reads = 0;
  while (!state.made) {
    assert.equal(await readFile(script, 'utf8'), whole);
    reads += 1;
  }
  await making;
  assert.ok(reads > 2, `${reads} reads say nothing`);
  const names = await readdir(pagePath);
  assert.deepEqual(
    names.filter((name) => /\.\d+-\d+$/.test(name) && name.includes(`.${process.pid}-`)),
    [],
  );
});
