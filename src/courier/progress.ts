/** Follows the trainer's progress file: the newest valid line, in bounded memory, whatever the file holds. */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { decimalText, progressLine } from '../api/contract.ts';
import type { Progress } from '../api/work.ts';
import { type Clock, timestamp } from '../clock.ts';
import { parseLenient } from './json.ts';

/** Bytes read in one go. When more than this was added since the last look, only the end is read: the newest line is what counts. */
const WINDOW = 256 * 1024;
/** A longer line is passed over. */
const MAX_LINE = 64 * 1024;
const NEWLINE = 0x0a;

export class ProgressTail {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #buffer = Buffer.alloc(WINDOW);
  #inode: number | undefined;
  #offset = 0;
  /** Beginning of a line that is not complete yet; undefined while the rest of a line is being passed over. */
  #partial: Buffer | undefined = Buffer.alloc(0);
  #newest: Progress | undefined;
  #nonFiniteStep: number | undefined;
  #polling: Promise<void> = Promise.resolve();

  constructor(path: string, clock: Clock) {
    this.#path = path;
    this.#clock = clock;
  }

  /** The newest progress seen so far. */
  get newest(): Progress | undefined {
    return this.#newest;
  }

  /** The first of the newest steps whose loss is NaN or infinite; undefined while the newest loss is a number. */
  get nonFiniteStep(): number | undefined {
    return this.#nonFiniteStep;
  }

  /** Reads what was added, up to now. A file that is not there, or not a file, is no error. */
  poll(): Promise<void> {
    // One after another: two at once would read the same lines twice.
    this.#polling = this.#polling.then(() => this.#poll());
    return this.#polling;
  }

  async #poll(): Promise<void> {
    let file: FileHandle;
    try {
      // A pipe without a writer would hold a plain open for ever.
      file = await open(this.#path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    } catch {
      return;
    }
    try {
      const found = await file.stat();
      if (!found.isFile()) return;
      const { ino, size } = found;
      if (ino !== this.#inode || size < this.#offset) this.#startAt(0, ino);
      if (size - this.#offset > WINDOW) this.#skipTo(size - WINDOW);
      while (this.#offset < size) {
        const { bytesRead } = await file.read(this.#buffer, 0, Math.min(WINDOW, size - this.#offset), this.#offset);
        if (bytesRead === 0) break;
        this.#offset += bytesRead;
        this.#take(this.#buffer.subarray(0, bytesRead));
      }
    } catch {
      // The file went away or cannot be read: the next look tells more, and training goes on either way.
    } finally {
      await file.close();
    }
  }

  #startAt(offset: number, inode: number): void {
    this.#inode = inode;
    this.#offset = offset;
    this.#partial = Buffer.alloc(0);
  }

  /** What is between is not read, so the line at the new place is likely cut: it is passed over. */
  #skipTo(offset: number): void {
    this.#offset = offset;
    this.#partial = undefined;
  }

  #take(bytes: Buffer): void {
    const last = bytes.lastIndexOf(NEWLINE);
    if (last < 0) {
      this.#keep(bytes);
      return;
    }
    const first = bytes.indexOf(NEWLINE);
    const lines =
      this.#partial === undefined ? bytes.subarray(first + 1, last) : Buffer.concat([this.#partial, bytes.subarray(0, last)]);
    this.#read(lines);
    this.#partial = Buffer.alloc(0);
    this.#keep(bytes.subarray(last + 1));
  }

  /** From the end: the first that is valid is the newest. Only while losses are not finite those before it are looked at too. */
  #read(lines: Buffer): void {
    let newest: Progress | undefined;
    let nonFinite: number | undefined;
    for (let end = lines.length; end > 0; ) {
      const start = lines.lastIndexOf(NEWLINE, end - 1) + 1;
      const found = end - start > MAX_LINE ? undefined : this.#parse(lines.subarray(start, end).toString('utf8'));
      end = start - 1;
      if (found === undefined) continue;
      newest ??= found.progress;
      if (!found.nonFinite) {
        this.#nonFiniteStep = nonFinite;
        break;
      }
      nonFinite = found.progress.step;
    }
    if (newest === undefined) return;
    this.#newest = newest;
    // All of them, up to the beginning of what was read: it began here, or before.
    if (nonFinite !== undefined) this.#nonFiniteStep ??= nonFinite;
  }

  #keep(rest: Buffer): void {
    if (this.#partial === undefined) return;
    this.#partial = this.#partial.length + rest.length > MAX_LINE ? undefined : Buffer.concat([this.#partial, rest]);
  }

  #parse(line: string): { progress: Progress; nonFinite: boolean } | undefined {
    const parsed = progressLine.safeParse(json(line));
    if (!parsed.success) return undefined;
    const { step, steps, loss, samplesPerSecond, at, nonFinite } = parsed.data;
    const reported = at === null || at === undefined ? Number.NaN : Date.parse(at);
    const progress = {
      step,
      ...(typeof steps === 'number' ? { steps } : {}),
      ...(typeof loss === 'number' ? { loss: decimalText(loss) } : {}),
      ...(typeof samplesPerSecond === 'number' ? { samplesPerSecond: decimalText(samplesPerSecond) } : {}),
      at: timestamp(Number.isFinite(reported) ? reported : this.#clock.now()),
    };
    // NaN, Infinity and 1e999 have become null on the way; a trainer that has no loss to tell says null itself.
    return { progress, nonFinite: nonFinite === true || (loss === null && !/"loss"\s*:\s*null/.test(line)) };
  }
}

function json(line: string): unknown {
  try {
    return parseLenient(line);
  } catch {
    return undefined;
  }
}
