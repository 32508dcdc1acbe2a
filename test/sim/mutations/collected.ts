/** Stands for `node:test`: keeps the tests of the files that are imported, to be run again and again in one process. */

type Work = (context: Context) => unknown;
type Given = [name: string, ...rest: (object | Work)[]];

interface Context {
  readonly name: string;
  readonly signal: AbortSignal;
  after(work: () => unknown): void;
  diagnostic(text: string): void;
}

interface Suite {
  readonly before: Work[];
  readonly after: Work[];
  readonly beforeEach: Work[];
  readonly afterEach: Work[];
}

export interface Collected {
  readonly name: string;
  /** From the outermost. */
  readonly suites: readonly Suite[];
  readonly work: Work;
}

export const tests: Collected[] = [];

const newSuite = (): Suite => ({ before: [], after: [], beforeEach: [], afterEach: [] });
let names: string[] = [];
let open: Suite[] = [newSuite()];

/** What is collected from here on is of another file. */
export function beginFile(file: string): void {
  names = [file];
  open = [newSuite()];
}

const workOf = (rest: (object | Work)[]): Work => rest.find((one): one is Work => typeof one === 'function') ?? (() => undefined);

export function describe(name: string, ...rest: (object | Work)[]): void {
  const [outerNames, outerSuites] = [names, open];
  [names, open] = [
    [...names, name],
    [...open, newSuite()],
  ];
  workOf(rest)(contextOf(name, []));
  [names, open] = [outerNames, outerSuites];
}

export function test(...[name, ...rest]: Given): void {
  tests.push({ name: [...names, name].join(' > '), suites: open, work: workOf(rest) });
}
export const it = test;

const hook = (kind: keyof Suite) => (work: Work) => void open.at(-1)?.[kind].push(work);
export const before = hook('before');
export const after = hook('after');
export const beforeEach = hook('beforeEach');
export const afterEach = hook('afterEach');

function contextOf(name: string, ends: (() => unknown)[]): Context {
  return { name, signal: new AbortController().signal, after: (work) => void ends.push(work), diagnostic: () => undefined };
}

/** Runs one test, alone, with all that is to be done before and after it; rejects when it fails or takes longer than `longestMs`. */
export async function runTest({ name, suites, work }: Collected, longestMs: number): Promise<void> {
  const ends: (() => unknown)[] = [];
  const context = contextOf(name, ends);
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`${name} took longer than ${longestMs} ms`)), longestMs);
  const all = (kinds: (keyof Suite)[], order: readonly Suite[]) =>
    kinds.flatMap((kind) => order.flatMap((suite) => suite[kind])).map((each) => () => each(context));
  const steps = async (works: (() => unknown)[]) => {
    for (const each of works) await each();
  };
  try {
    await Promise.race([late, steps([...all(['before', 'beforeEach'], suites), () => work(context)])]);
  } finally {
    const last = steps([...ends, ...all(['afterEach', 'after'], suites.toReversed())]);
    await Promise.race([late, last]).finally(() => clearTimeout(timer));
  }
}
