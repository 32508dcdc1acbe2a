/** A trainer that speaks the contract in a few lines: deterministic, resumable, and stoppable at any step. */
import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const { ATOLL_SPEC, ATOLL_RESUME, ATOLL_OUTPUT, ATOLL_PROGRESS } = process.env;
let stopping = false;
process.on('SIGTERM', () => {
  stopping = true;
});

function save(state, name, final) {
  const folder = `${ATOLL_OUTPUT}/.${name}`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/state.json`, JSON.stringify(state));
  const kind = final ? 'Export' : 'Resumable';
  const about = { contract: 'atoll.dev/contract/v1', step: state.step, kind, final, metrics: { loss: 1 / state.step } };
  writeFileSync(`${folder}/checkpoint.json`, JSON.stringify(about));
  renameSync(folder, `${ATOLL_OUTPUT}/${name}`);
}

/** Resolves to the exit code. */
async function train() {
  const { seed, params } = JSON.parse(readFileSync(ATOLL_SPEC, 'utf8'));
  const { steps, every, stepMs } = params;
  if (!(steps > 0)) {
    console.error(`steps is ${steps}, must be a positive number`);
    return 42;
  }
  const resume = `${ATOLL_RESUME}/state.json`;
  const state = existsSync(resume) ? JSON.parse(readFileSync(resume, 'utf8')) : { step: 0, sum: seed };
  console.log(`starts at step ${state.step}`);
  while (state.step < steps) {
    await sleep(stepMs);
    state.step += 1;
    state.sum = (state.sum * 31 + state.step) % 1_000_003;
    appendFileSync(ATOLL_PROGRESS, `${JSON.stringify({ step: state.step, steps, loss: 1 / state.step })}\n`);
    if (stopping) {
      save(state, `stopped-${state.step}`, false);
      return 75;
    }
    if (state.step % every === 0 && state.step < steps) save(state, `step-${state.step}`, false);
  }
  save(state, 'final', true);
  while (!existsSync(`${ATOLL_OUTPUT}/final/published.json`)) await sleep(50);
  return 0;
}

process.exitCode = await train();
