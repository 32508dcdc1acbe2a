/** A process that runs the unit tests of a group of sources with one guard after another removed, and tells who noticed. */
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { checkout } from '../../../local/paths.ts';
import { asking } from './guards.ts';

export interface Order {
  sources: readonly string[];
  tests: readonly string[];
  /** Ids of the guards to remove, in this order. */
  guards: readonly string[];
}

export type Told =
  /** One more test was run with everything in its place. */
  | { type: 'tried' }
  /** Tests that fail although nothing is removed, or that fail when run twice: they prove nothing and are left out. */
  | { type: 'ready'; tests: number; unsteady: string[] }
  | { type: 'removing'; guard: string }
  /**
   * `by` is the test that noticed; `reached` how many of them come to the guard with its condition true. `imports` are files that do so while
   * they are imported: what they make a table of, nobody can see here.
   */
  | { type: 'removed'; guard: string; by: string | undefined; reached: number; imports: string[] }
  /** The tests do not pass any more with the guard in its place: another process is to go on. */
  | { type: 'worn' };

const longestMs = 30_000;
const tell = (told: Told) => void process.send?.(told);

async function examine({ sources, tests: files, guards }: Order): Promise<void> {
  let removed: string | undefined;
  let reached = new Set<string>();
  Reflect.set(globalThis, 'atollGuard', (id: string, value: unknown) => {
    if (value) reached.add(id);
    return id === removed ? false : value;
  });
  const own = new URL('./collected.ts', import.meta.url).href;
  const asked = new Set(sources);
  registerHooks({
    resolve: (specifier, context, next) => next(specifier === 'node:test' ? own : specifier, context),
    load(url, context, next) {
      const file = url.startsWith('file:') ? relative(checkout, fileURLToPath(url)) : '';
      if (!asked.has(file)) return next(url, context);
      const source = asking(file, readFileSync(join(checkout, file), 'utf8'));
      return { format: 'module-typescript', source, shortCircuit: true };
    },
  });
  const { beginFile, runTest, tests } = await import('./collected.ts');
  const imported: [file: string, reached: ReadonlySet<string>][] = [];
  for (const file of files) {
    reached = new Set();
    imported.push([file, reached]);
    beginFile(file);
    await import(pathToFileURL(join(checkout, file)).href);
  }
  const passes = (test: (typeof tests)[number]) =>
    runTest(test, longestMs).then(
      () => true,
      () => false,
    );

  const unsteady: string[] = [];
  const steady: { test: (typeof tests)[number]; reached: ReadonlySet<string>; ms: number }[] = [];
  for (const test of tests) {
    reached = new Set();
    const began = performance.now();
    if ((await passes(test)) && (await passes(test))) steady.push({ test, reached, ms: performance.now() - began });
    else unsteady.push(test.name);
    tell({ type: 'tried' });
  }
  steady.sort((a, b) => a.ms - b.ms);
  tell({ type: 'ready', tests: steady.length, unsteady });

  for (const guard of guards) {
    tell({ type: 'removing', guard });
    const near = steady.filter((one) => one.reached.has(guard));
    removed = guard;
    let by: (typeof near)[number] | undefined;
    for (const one of near) {
      if (await passes(one.test)) continue;
      by = one;
      break;
    }
    removed = undefined;
    const imports = by ? [] : imported.flatMap(([file, ids]) => (ids.has(guard) ? [file] : []));
    tell({ type: 'removed', guard, by: by?.test.name, reached: near.length, imports });
    // What it left behind must not speak for the next one.
    if (by && !(await passes(by.test))) return tell({ type: 'worn' });
  }
}

// What a mutilated product forgets to catch is no news.
process.on('unhandledRejection', () => undefined);
process.on('uncaughtException', () => undefined);
process.on('disconnect', () => process.exit());
process.once('message', (order: Order) => {
  void examine(order).finally(() => setTimeout(() => process.exit(), 100));
});
