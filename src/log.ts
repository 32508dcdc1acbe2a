/** The root logger: JSON lines on standard output, with everything that can carry a credential cut out. */
import pino from 'pino';

export type Log = pino.Logger;
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error';

/** Keys whose values never reach a log, at the top level or one level down. */
const SECRET_KEYS = ['authorization', 'token', 'password', 'secretAccessKey', 'accessKeyId', 'sessionToken', 'agentKey'];

export function createLog(options: { level: LogLevel; role: string }): Log {
  return pino({
    level: options.level,
    base: { role: options.role },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: SECRET_KEYS.flatMap((key) => [key, `*.${key}`]), censor: '[redacted]' },
  });
}
