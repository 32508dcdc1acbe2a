/** Values of flags that several verbs read. */
import { parseDuration } from '../api/duration.ts';
import { type Call, CommandLineError } from './verb.ts';

/** Milliseconds of a flag such as `--timeout 90m`, longer than nothing; undefined when it was not given. */
export function durationFlag(call: Call, flag: string): number | undefined {
  const text = call.text(flag);
  if (text === undefined) return undefined;
  let ms = 0;
  try {
    ms = parseDuration(text);
  } catch (error) {
    throw new CommandLineError(`--${flag}: ${(error as Error).message}`);
  }
  if (ms > 0) return ms;
  throw new CommandLineError(`--${flag} must be longer than nothing`);
}

/** `--port`, a local TCP port; 0, which takes a free one, when it was not given. */
export function portFlag(call: Call): number {
  const text = call.text('port') ?? '0';
  if (/^[0-9]{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new CommandLineError(`--port "${text}" is no port`);
}
