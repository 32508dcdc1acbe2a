/** A courier as a process of its own for tests: `node process.ts publish|restore CONFIG PATHS`, where PATHS is a JSON file. */
import { readFile } from 'node:fs/promises';
import { systemClock, systemRandom } from '../../src/clock.ts';
import type { CourierPaths } from '../../src/courier/context.ts';
import { runCourier } from '../../src/courier/main.ts';
import { createLog } from '../../src/log.ts';

const [command, configPath = '', pathsFile = ''] = process.argv.slice(2);
const paths: CourierPaths = JSON.parse(await readFile(pathsFile, 'utf8'));
const stop = new AbortController();
process.on('SIGTERM', () => stop.abort(new Error('SIGTERM')));
process.exitCode = await runCourier({
  command: command === 'restore' ? 'restore' : 'publish',
  configPath,
  pod: { uid: 'pod-1', name: 'pod', node: 'node', index: 0 },
  clock: systemClock,
  random: systemRandom,
  log: createLog({ level: 'warn', role: 'courier' }),
  signal: stop.signal,
  paths,
  onListening: (port) => process.stdout.write(`listening ${port}\n`),
});
