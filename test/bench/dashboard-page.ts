/**
 * The page of the dashboard under load, in a real Chromium: a thousand experts, two hundred reports a second, somebody typing and scrolling.
 * Prints how soon the page is there, how late it answers keys, how many frames it draws, and what is sent to it.
 */
import { gzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { bundlePage } from '../../local/build.ts';
import { openPage, signIn, startBrowser } from '../dashboard/page/browser.ts';
import { report, setCrowd } from '../dashboard/page/crowd.ts';
import { startWorld } from '../dashboard/page/world.ts';

const moving = 200;
const perSecond = 200;
const text = 'crowd running island ';
const rounds = 6;

/** Put into the page: keys with the time from press to the next frame, frames, and tasks that held everything up. */
const observe = `(() => {
  const seen = { keys: [], longest: 0, frames: 0, since: performance.now(), gap: 0 };
  let last = performance.now();
  const frame = (now) => { seen.frames += 1; seen.gap = Math.max(seen.gap, now - last); last = now; requestAnimationFrame(frame); };
  requestAnimationFrame(frame);
  new PerformanceObserver((list) => { for (const entry of list.getEntries()) if (entry.name === 'keydown') seen.keys.push(entry.duration); })
    .observe({ type: 'event', durationThreshold: 16, buffered: true });
  new PerformanceObserver((list) => { for (const entry of list.getEntries()) seen.longest = Math.max(seen.longest, entry.duration); })
    .observe({ type: 'longtask', buffered: true });
  window.seen = seen;
})()`;

interface Measured {
  keys: number[];
  longest: number;
  frames: number;
  gap: number;
  seconds: number;
}

const read = (page: Page) =>
  page.evaluate<Measured>('({ ...window.seen, seconds: (performance.now() - window.seen.since) / 1000 })');

function share(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
}

const print = (what: string, value: string) => console.log(`${what.padEnd(64)} ${value}`);

const page = await bundlePage();
print('script and style after gzip', `${(page / 1024).toFixed(1)} KiB (at most 120)`);
const world = await startWorld();
const browser = await startBrowser();
try {
  const uids = await setCrowd(world, moving);
  const list = await fetch(`${world.url}api/works?namespace=crowd&limit=1000`, {
    headers: { authorization: `Bearer ${world.tokens.editor}` },
  });
  const body = Buffer.from(await list.arrayBuffer());
  print(
    'list of 1,000 experts, as JSON and as transferred (gzip)',
    `${(body.length / 1024).toFixed(0)} KiB, ${(gzipSync(body).length / 1024).toFixed(0)} KiB (at most 100)`,
  );

  const { page: tab } = await openPage(browser);
  await signIn(tab, world.url, world.tokens.editor);
  const began = performance.now();
  await tab.goto(`${world.url}experts?q=crowd`);
  await tab.locator('tbody tr').first().waitFor();
  const paint = await tab.evaluate<number>('performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0');
  print('first paint, and 1,000 experts listed', `${paint.toFixed(0)} ms, ${(performance.now() - began).toFixed(0)} ms`);

  const end = report(world, uids, perSecond);
  await tab.evaluate(observe);
  const search = tab.getByLabel('Search experts');
  let typed = 0;
  let arrived = 0;
  for (let round = 0; round < rounds; round += 1) {
    await search.fill('');
    await search.pressSequentially(text, { delay: 20 });
    typed += text.length;
    arrived += (await search.inputValue()).length;
  }
  await search.fill('crowd');
  for (let wheel = 0; wheel < 60; wheel += 1) await tab.mouse.wheel(0, 700);
  const { keys, longest, frames, gap, seconds } = await read(tab);
  end();
  print(`keys typed and arrived while ${perSecond} reports came each second`, `${typed}, ${arrived}`);
  // Events below 16 ms are not recorded by the browser: they count as 16.
  const all = [...keys, ...Array.from({ length: Math.max(0, typed - keys.length) }, () => 16)];
  print('from key to frame: median, 95 %, longest', `${share(all, 0.5)} ms, ${share(all, 0.95)} ms, ${Math.max(...all)} ms`);
  print('frames a second, longest gap between two', `${(frames / seconds).toFixed(0)}, ${gap.toFixed(0)} ms`);
  print('longest task', longest === 0 ? 'below 50 ms' : `${longest.toFixed(0)} ms`);
} finally {
  await browser.close();
  await world[Symbol.asyncDispose]();
}
