/** Runs the files of a stage and counts what passed, failed and was skipped. */
import { relative } from 'node:path';
import { run } from 'node:test';
import { inspect } from 'node:util';
import { checkout } from '../../local/paths.ts';
import { duration, type Progress } from '../../local/progress.ts';
import type { Stage } from './stages.ts';

export interface Failure {
  file: string;
  /** The names of the test and of the suites around it. */
  name: string;
  error: string;
}

export interface Tally {
  passed: number;
  failures: Failure[];
  skipped: { file: string; name: string; why: string }[];
  files: FileTally[];
}

interface FileTally {
  file: string;
  tests: number;
  failed: number;
  skipped: number;
  ms: number;
  slow: { name: string; ms: number }[];
}

interface Outcome {
  name: string;
  nesting: number;
  /** Where the test is written. */
  file?: string;
  /** The file that was run, when its tests are written in another. */
  entryFile?: string;
  skip?: string | boolean;
  todo?: string | boolean;
  details: { duration_ms: number; type?: string; error?: Error & { cause?: unknown; failureType?: string } };
}

/** A file that prints more than this has its beginning cut off. */
const outputLimit = 20_000;
/** Tests that take longer are named with their time: where a suite's minutes go. */
const slowMs = 20_000;

export async function runStage(stage: Stage, progress: Progress, signal: AbortSignal): Promise<Tally> {
  const tally: Tally = { passed: 0, failures: [], skipped: [], files: [] };
  const output = new Map<string, string>();
  const suites = new Map<string, string[]>();
  const files = new Map<string, FileTally>(
    stage.files.map((file) => [file, { file: short(file), tests: 0, failed: 0, skipped: 0, ms: 0, slow: [] }]),
  );
  const step = progress.start(`${stage.name}: ${stage.files.length} files, ${stage.about}`);
  const finish = (outcome: Outcome, failed: boolean) => {
    const file = fileOf(outcome);
    const entry = files.get(file);
    const isFile = file === outcome.name || outcome.name === short(file);
    if (entry && outcome.nesting === 0) entry.ms += outcome.details.duration_ms;
    // A suite fails with the tests in it, and a file with its tests: only what fails by itself is told.
    const cause = outcome.details.error?.failureType;
    if (outcome.details.type === 'suite' && cause !== 'hookFailed' && !outcome.skip) return;
    if (isFile && (!failed || cause === 'subtestsFailed')) return;
    const name = [...(suites.get(file)?.slice(0, outcome.nesting) ?? []), isFile ? 'the file' : outcome.name].join(' > ');
    if (entry) entry.tests += 1;
    const ms = outcome.details.duration_ms;
    if (ms > slowMs) entry?.slow.push({ name: outcome.name, ms });
    if (outcome.skip !== undefined && outcome.skip !== false) {
      const why = typeof outcome.skip === 'string' && outcome.skip ? outcome.skip : 'no reason given';
      tally.skipped.push({ file: short(file), name, why });
      if (entry) entry.skipped += 1;
    } else if (failed && !outcome.todo) {
      if (cause === 'subtestsFailed') return;
      tally.failures.push({ file: short(file), name, error: describe(outcome.details.error) });
      if (entry) entry.failed += 1;
    } else tally.passed += 1;
    step.detail(
      `${tally.passed} passed${tally.failures.length > 0 ? `, ${tally.failures.length} FAILED` : ''}, last ${short(file)}`,
    );
  };
  const events = run({ files: stage.files, concurrency: stage.concurrency, signal, timeout: 30 * 60_000 });
  for await (const event of events) {
    const { type, data } = event as { type: string; data: Outcome & { message?: string } };
    if (type === 'test:pass') finish(data, false);
    else if (type === 'test:fail') finish(data, true);
    else if (type === 'test:start') {
      const names = suites.get(fileOf(data)) ?? [];
      names[data.nesting] = data.name;
      suites.set(fileOf(data), names);
    } else if (type === 'test:stdout' || type === 'test:stderr') {
      output.set(fileOf(data), ((output.get(fileOf(data)) ?? '') + (data.message ?? '')).slice(-outputLimit));
    }
  }
  tally.files = [...files.values()];
  for (const { file, tests } of tally.files) {
    if (tests === 0 && !signal.aborted) tally.failures.push({ file, name: 'the file', error: 'It ran no test.' });
  }
  step.done(tally.failures.length > 0 ? `${tally.failures.length} FAILED` : `${tally.passed} passed`);
  report(tally, output, progress);
  return tally;
}

function report(tally: Tally, output: Map<string, string>, progress: Progress): void {
  for (const entry of tally.files) {
    const state = entry.failed > 0 ? `${entry.failed} of ${entry.tests} FAILED` : `${entry.tests - entry.skipped} passed`;
    const skipped = entry.skipped > 0 ? `, ${entry.skipped} skipped` : '';
    progress.say(`    ${entry.file.padEnd(48)} ${state}${skipped} (${duration(entry.ms)})`);
    for (const { name, ms } of entry.slow) progress.say(`        ${duration(ms).padStart(12)}  ${name.slice(0, 100)}`);
  }
  for (const failure of tally.failures) {
    progress.say(`\n  FAILED ${failure.file}\n    ${failure.name}\n${failure.error.replaceAll(/^/gm, '      ')}`);
  }
  for (const file of new Set(tally.failures.map((failure) => failure.file))) {
    const printed = [...output].find(([path]) => short(path) === file)?.[1];
    if (printed?.trim()) progress.say(`\n  ${file} printed:\n${printed.trimEnd().replaceAll(/^/gm, '      ')}`);
  }
}

/** The runner wraps what a test threw; what it threw is its cause. */
function describe(error: (Error & { cause?: unknown }) | undefined): string {
  const thrown = error?.cause instanceof Error ? error.cause : error;
  return inspect(thrown, { depth: 6, breakLength: 120 });
}

const fileOf = ({ entryFile, file }: Pick<Outcome, 'entryFile' | 'file'>) => entryFile ?? file ?? '';

const short = (file: string) => relative(checkout, file);
