/** The page of the dashboard in a real browser, on a real API server: its views, a crowd of experts, and what is asked for from it. */
import { after, before, describe } from 'node:test';
import { openPage, signIn, startBrowser } from './browser.ts';
import { crowdTests } from './many.ts';
import { pastTests } from './past.ts';
import { setScene } from './scene.ts';
import { settleTests } from './settle.ts';
import { steerTests } from './steer.ts';
import { viewTests } from './views.ts';
import { type Here, startWorld } from './world.ts';

let it: Here;
const here = () => it;

before(async () => {
  const [world, browser] = await Promise.all([startWorld(), startBrowser()]);
  await setScene(world);
  const seen = await openPage(browser);
  await signIn(seen.page, world.url, world.tokens.editor);
  it = { world, browser, seen };
});

after(async () => {
  await it.browser.close();
  await it.world[Symbol.asyncDispose]();
});

describe('views', () => viewTests(here));
describe('settling', () => settleTests(here));
describe('a thousand experts', () => crowdTests(here));
describe('what is left', () => pastTests(here));
describe('steering', () => steerTests(here));
