/** The logs of a simulated world: the product's own logger, whose lines become facts instead of output. */
import pino from 'pino';
import type { Log } from '../../src/log.ts';
import type { Record } from './facts.ts';

export function createSimLog(record: Record, name: string, level: 'debug' | 'warn'): Log {
  const write = (line: string) => record.note({ kind: 'said', where: `log ${name}`, text: line });
  return pino({ level, base: null, timestamp: false, formatters: { level: (label) => ({ level: label }) } }, { write });
}
