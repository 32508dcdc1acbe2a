/** `atoll courier restore`: claims the attempt, downloads inputs and the newest checkpoint that verifies, and says what it found. */
import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type CourierResult, restoreExitCodes } from '../api/courier.ts';
import { claimKey } from '../api/keys.ts';
import { timestamp } from '../clock.ts';
import { claimAttempt } from '../store/claim.ts';
import { AttemptTakenError, DamagedObjectError, isStorageError } from '../store/errors.ts';
import { bytesOf, type FoundManifest } from '../store/manifests.ts';
import { candidates, findFinal, restoreInput, restoreNewest, restoreSource, type Skipped } from '../store/restore.ts';
import { CourierConfigurationError, type CourierContext } from './context.ts';
import { writeMark } from './marks.ts';
import { patiently } from './patience.ts';
import { writeResult } from './result.ts';

/** How long one step waits for the store; then the agent decides about another attempt. */
const PATIENCE_MS = 120_000;
/** Exit code of a process ended by SIGTERM. */
const STOPPED = 143;

export async function restore(context: CourierContext, signal: AbortSignal, patienceMs = PATIENCE_MS): Promise<number> {
  const skipped: Skipped[] = [];
  try {
    const { code, result } = await run(context, signal, patienceMs, skipped);
    await writeResult(context, result);
    return code;
  } catch (error) {
    if (signal.aborted) {
      context.log.info('stopped before everything was restored');
      return STOPPED;
    }
    const { code, result } = failure(error);
    context.log.error({ reason: result.reason, key: result.key, why: result.message }, 'cannot restore');
    await writeResult(context, { ...passedOver(skipped), ...result });
    return code;
  }
}

interface Ending {
  code: number;
  result: CourierResult;
}

async function run(context: CourierContext, signal: AbortSignal, patienceMs: number, skipped: Skipped[]): Promise<Ending> {
  const { config, pod, paths, clock, log } = context;
  const { attempt, output } = config;
  const store = context.store(output.store);
  const step = <T>(what: string, work: () => Promise<T>) => patiently(context, what, patienceMs, signal, work);
  const request = { store, prefix: output.prefix, identity: attempt, signal };

  const claim = { podUid: pod.uid, pod: pod.name, node: pod.node, at: timestamp(clock.now()) };
  await step('claim the attempt', () => claimAttempt(store, claimKey(output.prefix, attempt, pod.index), claim, signal));
  await writeMark(paths.claimed, { podUid: pod.uid });

  const list = await step('list checkpoints', () => candidates(store, output.prefix, attempt, signal));
  const final = await step('look for a final', () => findFinal(request, list, skipped));
  if (final !== undefined) {
    log.info({ manifest: final.manifest }, 'an earlier attempt has finished this work');
    return { code: restoreExitCodes.alreadyFinal, result: alreadyFinal(final, timestamp(clock.now()), skipped) };
  }

  for (const { name, store: from, ...input } of config.inputs) {
    await step(`restore input ${name}`, () => restoreInput(context.store(from), input, join(paths.inputs, name), signal));
    log.info({ input: name, manifest: input.manifest }, 'restored an input');
  }
  const { source } = config;
  if (source !== undefined) {
    const target = join(paths.inputs, 'source');
    const found = await step('restore the raw data', () =>
      restoreSource(context.store(source.store), source.prefix, target, signal),
    );
    if (found === 0) {
      throw new CourierConfigurationError(
        `cannot find raw data: no object in store ${source.store} has a key that begins with "${source.prefix}"; upload it or correct the prefix`,
      );
    }
  }

  const { resume, quarantined } = config;
  const newest = await step('restore a checkpoint', () =>
    restoreNewest({ ...request, resume, quarantined, target: paths.resume }, list, skipped),
  );
  for (const { manifest, why } of skipped) log.warn({ manifest, why }, 'passed over a checkpoint that does not verify');
  const resumedFrom = newest && { manifest: newest.manifest, digest: newest.digest, step: newest.content.step };
  log.info({ resumedFrom }, newest === undefined ? 'starts from nothing' : 'resumes from a checkpoint');

  for (const folder of [paths.output, paths.home]) {
    await mkdir(folder, { recursive: true });
    // The trainer may run as another user than the courier.
    await chmod(folder, 0o777);
  }
  await writeMark(paths.restored, { resumedFrom, skipped: skipped.map(({ manifest }) => manifest) });
  const found = resumedFrom && { resumedFrom, step: resumedFrom.step };
  return { code: restoreExitCodes.restored, result: { v: 1, reason: 'Restored', ...found, ...passedOver(skipped) } };
}

function alreadyFinal({ manifest, digest, content }: FoundManifest, at: string, skipped: Skipped[]): CourierResult {
  const { step, kind, attempt } = content;
  const final = { manifest, digest, step, bytes: bytesOf(content), kind, final: true, at, attempt };
  return { v: 1, reason: 'AlreadyFinal', step, final, ...passedOver(skipped) };
}

function passedOver(skipped: Skipped[]): Pick<CourierResult, 'skipped' | 'message'> {
  const first = skipped[0];
  if (first === undefined) return {};
  return { skipped: skipped.slice(0, 3).map(({ manifest }) => manifest), message: first.why.slice(0, 300) };
}

function failure(error: unknown): Ending {
  const message = error instanceof Error ? error.message : String(error);
  const ending = (reason: CourierResult['reason'], code: number, key?: string): Ending => ({
    code,
    result: { v: 1, reason, ...(key === undefined ? {} : { key }), message },
  });
  if (error instanceof AttemptTakenError) return ending('AttemptTaken', restoreExitCodes.attemptTaken, error.key);
  if (error instanceof DamagedObjectError) return ending('InputDamaged', restoreExitCodes.inputDamaged, error.key);
  if (error instanceof CourierConfigurationError) return ending('Configuration', restoreExitCodes.configuration);
  if (isStorageError(error)) return ending('Storage', restoreExitCodes.storage, error.key);
  // The disk of the pod, most likely: another attempt may find a better one.
  return ending('Storage', restoreExitCodes.storage);
}
