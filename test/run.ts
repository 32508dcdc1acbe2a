/** `npm test`: the checks of the source, then every test, quick ones first, with all that they need made ready before. */
import { parseArgs } from 'node:util';
import { type BinaryName, binaries } from '../local/binaries.ts';
import { CommandError, command } from '../local/command.ts';
import { explain } from '../local/explain.ts';
import { buildImages, type ImageName } from '../local/images.ts';
import { checkout } from '../local/paths.ts';
import { createProgress, duration } from '../local/progress.ts';
import { missingRequirements } from '../local/requirements.ts';
import { type Stage, stages } from './run/stages.ts';
import { runStage, type Tally } from './run/tally.ts';

const usage = `Usage: npm test [-- OPTIONS] [PATTERN...]

Type check, format and lint, then the tests whose path holds a PATTERN (all without one; then the checks run too).

Options:
  --stage NAME   only this stage: checks, unit, servers, clusters (may be given more than once)
  --list         print the test files by stage and stop
  --help         this text
`;

const stageNames = ['checks', 'unit', 'servers', 'clusters'];
const progress = createProgress();
const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => stop.abort(new Error(`stopped by ${name}`)));

async function check(): Promise<number> {
  const checks: [string, string[]][] = [
    ['tsc', ['--noEmit']],
    ['tsc', ['--noEmit', '-p', 'src/dashboard/ui']],
    ['biome', ['check', '.']],
    ['oxlint', ['--type-aware']],
  ];
  let failed = 0;
  for (const [program, args] of checks) {
    const step = progress.start(`checks: ${program} ${args.join(' ')}`);
    try {
      await command(program, args, { cwd: checkout, signal: stop.signal });
      step.done();
    } catch (error) {
      stop.signal.throwIfAborted();
      step.failed();
      failed += 1;
      progress.say(error instanceof CommandError ? `${error.stdout}${error.stderr}` : explain(error));
    }
  }
  return failed;
}

/** Makes what the stage's tests start, so that their time is theirs and a person sees what takes long. */
async function prepare(stage: Stage): Promise<void> {
  if (stage.name === 'unit') return stage.files.some((file) => file.includes('/test/workloads/')) ? preparePython() : undefined;
  const options = { progress, signal: stop.signal };
  const needed: BinaryName[] = ['etcd', 'kube-apiserver', 'kubectl', 'versitygw', 'nats-server'];
  if (stage.name === 'servers') return void (await binaries(needed, options));
  const missing = await missingRequirements();
  for (const sentence of missing) progress.say(sentence);
  if (missing.length > 0) return; // the tests skip themselves, by name
  await binaries([...needed, 'kube-controller-manager', 'kube-scheduler', 'kubelet', 'kube-proxy'], options);
  await buildImages([...new Set<ImageName>(['pause', 'base', ...stage.images])], options);
}

/** The trainers' Python; where it cannot be made, their tests say why and skip themselves. */
async function preparePython(): Promise<void> {
  const step = progress.start('Preparing the Python of the trainers (the first time about a minute)');
  const found = await command('sh', ['workloads/environment.sh'], { cwd: checkout, signal: stop.signal }).catch(
    (error: unknown) => {
      progress.say(explain(error));
    },
  );
  if (found) step.done(found.stdout.trim());
  else step.failed();
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: {
      stage: { type: 'string', multiple: true, default: [] },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
    allowPositionals: true,
  });
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  const unknown = values.stage.find((name) => !stageNames.includes(name));
  if (unknown !== undefined) throw new Error(`cannot run the stage ${unknown}: allowed are ${stageNames.join(', ')}`);
  const wanted = (name: string) => values.stage.length === 0 || values.stage.includes(name);
  const chosen = (await stages(positionals)).filter((stage) => wanted(stage.name));
  if (values.list) {
    for (const stage of chosen) console.log([`${stage.name} (${stage.about})`, ...stage.files].join('\n  '));
    return 0;
  }
  const began = Date.now();
  const checking = wanted('checks') && positionals.length === 0;
  if (!checking && chosen.length === 0)
    throw new Error(`cannot find a test file for ${[...values.stage, ...positionals].join(' ')}`);
  const checks = checking ? await check() : 0;
  const tallies: Tally[] = [];
  for (const stage of chosen) {
    try {
      await prepare(stage);
    } catch (error) {
      stop.signal.throwIfAborted();
      progress.say(`cannot prepare the stage ${stage.name}: ${explain(error)}`);
    }
    tallies.push(await runStage(stage, progress, stop.signal));
    stop.signal.throwIfAborted();
  }
  return summary(tallies, checks, Date.now() - began);
}

function summary(tallies: readonly Tally[], checks: number, ms: number): number {
  const skipped = tallies.flatMap((tally) => tally.skipped);
  const failures = tallies.flatMap((tally) => tally.failures);
  const passed = tallies.reduce((sum, tally) => sum + tally.passed, 0);
  const lines: string[] = [''];
  if (skipped.length > 0) lines.push('Skipped:', ...skipped.map(({ file, name, why }) => `  ${file}: ${name}\n      ${why}`), '');
  if (failures.length > 0) lines.push('Failed:', ...failures.map(({ file, name }) => `  ${file}: ${name}`), '');
  if (checks > 0) lines.push(`Failed checks of the source: ${checks}`, '');
  if (tallies.length > 0 && passed + failures.length === 0) lines.push('No test ran.');
  lines.push(`Took ${duration(ms)}.`, `${passed} passed, ${failures.length + checks} failed, ${skipped.length} skipped`);
  console.log(lines.join('\n'));
  return failures.length + checks > 0 || (passed === 0 && tallies.length > 0) ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${stop.signal.aborted ? 'Stopped.' : explain(error)}\n`);
  process.exitCode = stop.signal.aborted ? 130 : 1;
}
