/** Takes a picture of every view of a running dashboard: for the README, for docs, and for whoever changes the page. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { checkout } from '../../local/paths.ts';
import type { Answers } from '../../src/dashboard/view/routes.ts';
import { urlOf } from '../../src/dashboard/view/url.ts';
import { eventually } from '../kube/eventually.ts';
import { openPage, signIn, startBrowser } from './page/browser.ts';

const usage = `Usage: sh local/run.sh test/dashboard/pictures.ts --url URL --token TOKEN [options]

  --url URL       of the dashboard, such as http://127.0.0.1:8081/
  --token TOKEN   of a user of its cluster
  --run NS/NAME   the run to show; default: the one that needs somebody most, else the newest
  --to DIR        where the pictures go; default: docs/images
  --only NAMES    of views, with a comma between them; default: all
  --as WORD       goes into the name of each picture, for a state of affairs
  --both          in light and in dark; default: light alone
  --narrow        also 400 pixels wide, as on a telephone
`;

/** Taller views are cut here. */
const mostHeight = 1700;

interface Wanted {
  url: string;
  token: string;
  run: { namespace: string; name: string };
  to: string;
  only: ReadonlySet<string> | undefined;
  as: string;
}

async function asked<Name extends keyof Answers>(url: string, token: string, path: string): Promise<Answers[Name]> {
  const response = await fetch(new URL(path, url), { headers: { authorization: `Bearer ${token}` } });
  if (!response.ok) throw new Error(`cannot read ${path}: the dashboard answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as Answers[Name];
}

async function chooseRun(url: string, token: string): Promise<Wanted['run']> {
  const { rows } = await asked<'runs'>(url, token, urlOf('runs'));
  const [run] = rows.toSorted((a, b) => b.needs - a.needs || b.createdAt.localeCompare(a.createdAt));
  if (run === undefined) throw new Error('cannot choose a run: there is none that this token may read');
  return run;
}

/** Name of the picture and address of each view; of the experts the one that says most. */
async function views({ url, token, run: { namespace, name }, only }: Wanted): Promise<[string, string][]> {
  const { run, experts } = await asked<'run'>(url, token, urlOf('run', { namespace, run: name }));
  const rank = (state: string) => ['Blocked', 'Running', 'Accepted'].indexOf(state);
  const [expert] = experts.toSorted((a, b) => rank(a.state) - rank(b.state) || (b.restarts ?? 0) - (a.restarts ?? 0));
  const islands = await asked<'islands'>(url, token, urlOf('islands')).catch(() => []);
  const island = islands
    .toSorted((a, b) => Number(a.state === 'Ready') - Number(b.state === 'Ready') || b.jobs - a.jobs)
    .find(({ jobs }) => jobs > 0);
  const at = `runs/${namespace}/${name}`;
  const all: [string, string][] = [
    ['runs', 'runs'],
    ['run', at],
    ['run-table', `${at}?show=table`],
    ...(expert?.index === undefined ? [] : [['expert', `${at}/experts/${expert.index}`] satisfies [string, string]]),
    ['lineage', `${at}/lineage`],
    ['ensemble', `${at}/ensemble`],
    ['experts', 'experts'],
    ['islands', 'islands'],
    ...(island ? [['island', `islands/${island.name}`] satisfies [string, string]] : []),
    ['datasets', 'datasets'],
    ['dataset', `datasets/${namespace}/${run.dataset.name}`],
  ];
  return all.filter(([view]) => only?.has(view) ?? true);
}

/** Waits until nothing is loading any more; what is read only when it comes into sight is brought there first. */
async function settled(page: Page): Promise<void> {
  const still = async (loading: RegExp) => {
    await eventually('nothing is loading', async () => (await page.getByText(loading).count()) === 0, 15_000);
    await eventually('pictures are there', () => page.evaluate<boolean>('[...document.images].every((image) => image.complete)'));
  };
  // A page that has only just come says not even that it is loading.
  await page.locator('main h1').first().waitFor();
  await still(/Loading (?!the curve)/);
  const height = await page.evaluate<number>('document.documentElement.scrollHeight');
  for (let top = 0; top < height; top += 700) await page.mouse.wheel(0, 700);
  await still(/Loading /);
  await page.evaluate('window.scrollTo(0, 0)');
}

async function take(browser: Browser, wanted: Wanted, scheme: 'light' | 'dark', width: number): Promise<void> {
  const { page, context, complaints } = await openPage(browser, { scheme, width });
  const suffix = `${scheme === 'dark' ? '-dark' : ''}${width < 600 ? '-narrow' : ''}`;
  const shoot = async (name: string) => {
    // To the end of what stands there, not of the window.
    const height = await page.evaluate<number>(
      "Math.ceil(Math.max(...[...document.querySelectorAll('main > *')].map((one) => one.getBoundingClientRect().bottom + scrollY))) + 32",
    );
    const path = join(wanted.to, `dashboard-${wanted.as}${name}${suffix}.png`);
    await page.screenshot({ path, fullPage: true, clip: { x: 0, y: 0, width, height: Math.min(height, mostHeight) } });
    console.log(path);
  };
  await page.goto(wanted.url);
  await page.getByLabel('Token').waitFor();
  if (wanted.only === undefined) await shoot('signin');
  await signIn(page, wanted.url, wanted.token);
  for (const [name, path] of await views(wanted)) {
    await page.goto(new URL(path, wanted.url).href);
    await settled(page);
    await shoot(name);
  }
  for (const complaint of complaints) console.error(`the page complained: ${complaint}`);
  await context.close();
}

const { values } = parseArgs({
  options: {
    url: { type: 'string' },
    token: { type: 'string' },
    run: { type: 'string' },
    to: { type: 'string', default: join(checkout, 'docs/images') },
    only: { type: 'string' },
    as: { type: 'string' },
    both: { type: 'boolean', default: false },
    narrow: { type: 'boolean', default: false },
  },
});
if (values.url === undefined || values.token === undefined) {
  process.stderr.write(usage);
  process.exitCode = 2;
} else {
  const { url, token, to } = values;
  const [namespace, name] = values.run?.split('/') ?? [];
  const run = namespace !== undefined && name !== undefined ? { namespace, name } : await chooseRun(url, token);
  const only = values.only === undefined ? undefined : new Set(values.only.split(','));
  const as = values.as === undefined ? '' : `${values.as}-`;
  await mkdir(to, { recursive: true });
  const browser = await startBrowser();
  try {
    for (const scheme of values.both ? (['light', 'dark'] as const) : (['light'] as const))
      for (const width of values.narrow ? [1280, 400] : [1280])
        await take(browser, { url, token, run, to, only, as }, scheme, width);
  } finally {
    await browser.close();
  }
}
