/** A real Chromium without a window, and what tests ask of a page in it. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { requireChromium } from '../../../local/requirements.ts';

export async function startBrowser(): Promise<Browser> {
  const executablePath = await requireChromium();
  // Root, as which clusters are tested, has no use for the sandbox and is refused with it.
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}

export interface Seen {
  page: Page;
  context: BrowserContext;
  /** What the page complained about: errors of scripts, refusals by its content security policy. */
  complaints: string[];
}

export interface Look {
  width?: number;
  scheme?: 'light' | 'dark';
  forcedColors?: boolean;
}

/** A window of its own, with nobody signed in. */
export async function openPage(
  browser: Browser,
  { width = 1280, scheme = 'light', forcedColors = false }: Look = {},
): Promise<Seen> {
  const context = await browser.newContext({
    viewport: { width, height: 900 },
    colorScheme: scheme,
    forcedColors: forcedColors ? 'active' : 'none',
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    // A refused request is said by the page itself, in its own words.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) complaints.push(message.text());
  });
  return { page, context, complaints };
}

/** Signs in through the form, as a person does. */
export async function signIn(page: Page, url: string, token: string): Promise<void> {
  await page.goto(url);
  await page.getByLabel('Token').fill(token);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
}

const axeSource = readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface AxeResult {
  violations: { id: string; help: string; nodes: { target: string[]; failureSummary?: string }[] }[];
}

/** What axe finds wrong with the page as it is now, a line each; its script is put in from outside, past the page's policy. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(await axeSource);
  const result = await page.evaluate<AxeResult>('axe.run(document, { resultTypes: ["violations"] })');
  return result.violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${help} at ${target.join(' ')}: ${failureSummary ?? ''}`),
  );
}
