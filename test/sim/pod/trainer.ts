/** The program in the trainer's container: steps, checkpoints and progress by the training contract, and every way in which one can go wrong. */
import { contractVersion, exitCodes, type TrainerSpec } from '../../../src/api/contract.ts';
import { index3 } from '../../../src/api/keys.ts';
import { timestamp } from '../../../src/clock.ts';
import type { Process } from '../clock.ts';
import { disks } from './disk.ts';

/** What befalls one run of a trainer, after so many steps of it. */
export interface Mishap {
  readonly kind: 'crash' | 'hang' | 'configuration' | 'nan' | 'oom' | 'half-written' | 'saved-unasked';
  readonly afterSteps: number;
}

export interface TrainerOptions {
  process: Process;
  /** Folder with `inputs`, `resume`, `output` and `progress.jsonl`. */
  work: string;
  spec: TrainerSpec;
  /** SIGTERM. */
  stop: AbortSignal;
  steps: number;
  stepMs: number;
  checkpointEvery: number;
  mishap?: Mishap | undefined;
  /** Whether it goes on in spite of SIGTERM. */
  deaf: () => boolean;
}

/** Thrown for an end that is not an exit code of its own: the kernel killed it. */
export class OutOfMemory extends Error {}

/** The exit code. */
export async function train(options: TrainerOptions): Promise<number> {
  const { process, work, spec, stop, steps, stepMs, checkpointEvery, mishap, deaf } = options;
  const { clock } = process;
  const stopped = () => stop.aborted && !deaf();
  let step = resumedStep(work);
  const unlucky = step + (mishap?.afterSteps ?? 0);
  while (step < steps) {
    await clock.sleep(stepMs, stop.aborted ? undefined : stop).catch(() => undefined);
    if (stopped()) {
      if (spec.role === 'Partition') return 143;
      save(options, step);
      return exitCodes.saved;
    }
    step++;
    const loss = mishap?.kind === 'nan' && step >= unlucky ? 'NaN' : String(1 / step);
    report(options, step, loss);
    if (mishap && step === unlucky) {
      if (mishap.kind === 'crash') return 1;
      if (mishap.kind === 'configuration') return exitCodes.configuration;
      if (mishap.kind === 'saved-unasked') return exitCodes.saved;
      if (mishap.kind === 'oom') throw new OutOfMemory('killed by the kernel');
      if (mishap.kind === 'half-written') disks.write(`${work}/output/half/checkpoint.json`, '{"contract": "atoll.d');
      if (mishap.kind === 'hang') {
        await new Promise<void>((resolve) => stop.addEventListener('abort', () => resolve(), { once: true }));
        if (!deaf()) return 1;
        await clock.sleep(1e9);
      }
    }
    if (step % checkpointEvery === 0 && step < steps && spec.role !== 'Partition') save(options, step);
  }
  if (!finish(options)) return 1;
  while (!disks.has(`${work}/output/final/published.json`)) {
    if (disks.has(`${work}/output/final/refused.json`)) return 1;
    await clock.sleep(1000);
  }
  return exitCodes.done;
}

function resumedStep(work: string): number {
  const saved = disks.read(`${work}/resume/weights.bin`);
  return saved === undefined ? 0 : (JSON.parse(saved) as { step: number }).step;
}

function report({ work, process, steps }: TrainerOptions, step: number, loss: string): void {
  const at = timestamp(process.clock.now());
  quietly(() => disks.append(`${work}/progress.jsonl`, `{"step": ${step}, "steps": ${steps}, "loss": ${loss}, "at": "${at}"}\n`));
}

/** A full disk: the trainer goes on without what it could not save. */
function quietly(attempt: () => void): boolean {
  try {
    attempt();
    return true;
  } catch {
    return false;
  }
}

function save(options: TrainerOptions, step: number): void {
  write(options, `step-${step}`, step, { kind: 'Resumable', final: false });
}

/** false when the disk has no room for it. */
function finish(options: TrainerOptions): boolean {
  const { spec, steps } = options;
  const shards = Array.from({ length: spec.work.experts }, (_, index) => ({ index, samples: 100 }));
  const facts = {
    method: 'Clusters',
    experts: spec.work.experts,
    samples: 100 * spec.work.experts,
    heldOut: 40,
    skew: 1,
    shards,
  };
  return write(options, 'final', steps, {
    kind: 'Export',
    final: true,
    ...(spec.role === 'Partition' ? { partition: facts } : {}),
  });
}

function write({ work, spec }: TrainerOptions, name: string, step: number, facts: object): boolean {
  const draft = `${work}/output/.${name}`;
  const path = `${work}/output/${name}`;
  if (disks.has(path)) return true;
  return quietly(() => {
    const weights = JSON.stringify({ step, role: spec.role, placement: spec.placement, attempt: spec.attempt });
    if (spec.role === 'Partition')
      for (let index = 0; index < spec.work.experts; index++) disks.write(`${draft}/shards/${index3(index)}/data.bin`, weights);
    else disks.write(`${draft}/weights.bin`, weights);
    const checkpoint = { contract: contractVersion, step, metrics: { loss: 1 / (step + 1) }, ...facts };
    disks.write(`${draft}/checkpoint.json`, JSON.stringify(checkpoint));
    disks.move(draft, path);
  });
}
