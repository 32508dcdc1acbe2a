/** The directory the trainer saves into: what lies there, and which of it to publish or drop next. */
import { lstat, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { type CheckpointFile, checkpointFile } from '../api/contract.ts';
import { type CourierCheckpoint, courierCheckpoint } from '../api/courier.ts';
import type { Clock } from '../clock.ts';
import { parseLenient } from './json.ts';
import { readMark, writeMark } from './marks.ts';

const PUBLISHED = 'published.json';
const REFUSED = 'refused.json';
const COMPLETE = 'checkpoint.json';
const MAX_CHECKPOINT_JSON = 1024 * 1024;
/** A checkpoint.json that cannot be read may still be under way, where a trainer does not rename into place. */
const SETTLE_MS = 3_000;
/** Directories of published checkpoints whose mark is kept. */
const MARKS = 16;

/** `Complete` waits to be published; `Invalid` never can be. A directory without checkpoint.json is not there yet. */
export type Entry =
  | { name: string; state: 'Complete'; checkpoint: CheckpointFile }
  | { name: string; state: 'Invalid'; why: string }
  | { name: string; state: 'Published'; record: CourierCheckpoint }
  | { name: string; state: 'Refused'; why: string };

const refusedFile = z.object({ message: z.string() });

/** One look after another at $ATOLL_OUTPUT, by polling: it needs nothing but the names, and whatever wrote them. */
export class Output {
  readonly #folder: string;
  readonly #clock: Clock;
  /** What a name turned out to be; only names that are not settled are read again. */
  readonly #known = new Map<string, Entry>();
  readonly #unreadableSince = new Map<string, number>();

  constructor(folder: string, clock: Clock) {
    this.#folder = folder;
    this.#clock = clock;
  }

  path(name: string): string {
    return join(this.#folder, name);
  }

  /** Everything there, by name. Names that begin with a dot are drafts. */
  async scan(): Promise<Entry[]> {
    const names = await this.#names();
    for (const known of this.#known.keys()) if (!names.includes(known)) this.#known.delete(known);
    for (const name of names) {
      if (this.#known.has(name)) continue;
      const entry = await this.#look(name);
      if (entry !== undefined) this.#known.set(name, entry);
    }
    return [...this.#known.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  async #names(): Promise<string[]> {
    try {
      const entries = await readdir(this.#folder, { withFileTypes: true });
      return entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.')).map((entry) => entry.name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }

  async #look(name: string): Promise<Entry | undefined> {
    const folder = this.path(name);
    const record = await readMark(join(folder, PUBLISHED), courierCheckpoint);
    if (record !== undefined) return { name, state: 'Published', record };
    const refused = await readMark(join(folder, REFUSED), refusedFile);
    if (refused !== undefined) return { name, state: 'Refused', why: refused.message };
    // Not through a link: what it leads to is none of the trainer's business, and parts of it would stand in the message.
    const found = await lstat(join(folder, COMPLETE)).catch(() => undefined);
    if (found === undefined) return undefined;
    const invalid = (why: string): Entry => ({ name, state: 'Invalid', why: `${name}/checkpoint.json ${why}` });
    if (!found.isFile()) return invalid('is not a file');
    if (found.size > MAX_CHECKPOINT_JSON) return invalid(`has ${found.size} bytes, at most ${MAX_CHECKPOINT_JSON} are allowed`);
    const parsed = parse(await readFile(join(folder, COMPLETE), 'utf8').catch(() => ''));
    if (typeof parsed !== 'string') {
      this.#unreadableSince.delete(name);
      return { name, state: 'Complete', checkpoint: parsed };
    }
    const since = this.#unreadableSince.get(name) ?? this.#clock.now();
    this.#unreadableSince.set(name, since);
    return this.#clock.now() - since < SETTLE_MS ? undefined : invalid(`is not valid: ${parsed}`);
  }

  /** Notes what was published and frees the disk; the trainer waits for this file. */
  async markPublished(name: string, record: CourierCheckpoint): Promise<void> {
    await writeMark(join(this.path(name), PUBLISHED), record);
    this.#known.set(name, { name, state: 'Published', record });
    await this.tidy(name);
  }

  /** Notes why a directory will never be published; its files stay to be looked at. */
  async markRefused(name: string, why: string): Promise<void> {
    this.#known.set(name, { name, state: 'Refused', why });
    await writeMark(join(this.path(name), REFUSED), { message: why });
  }

  /** Removes everything of a published directory but the mark. */
  async tidy(name: string): Promise<void> {
    for (const file of await readdir(this.path(name))) {
      if (file !== PUBLISHED) await rm(join(this.path(name), file), { recursive: true, force: true });
    }
  }

  async drop(name: string): Promise<void> {
    // Told as refused first: a directory that cannot be removed is not tried again and again.
    this.#known.set(name, { name, state: 'Refused', why: 'it cannot be removed' });
    await rm(this.path(name), { recursive: true, force: true });
    this.#known.delete(name);
  }
}

/** The checkpoint, or what is wrong with it. */
function parse(text: string): CheckpointFile | string {
  try {
    const result = checkpointFile.safeParse(withoutNulls(parseLenient(text)));
    return result.success ? result.data : z.prettifyError(result.error);
  } catch (error) {
    return (error as Error).message;
  }
}

/** A metric that is not a number is left out: a trainer whose loss became NaN has a checkpoint all the same. */
function withoutNulls(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('metrics' in value)) return value;
  if (typeof value.metrics !== 'object' || value.metrics === null) return value;
  return { ...value, metrics: Object.fromEntries(Object.entries(value.metrics).filter(([, metric]) => metric !== null)) };
}

export interface Plan {
  next?: Extract<Entry, { state: 'Complete' }>;
  /** Directories to remove: overtaken before they could be published, or marks grown old. */
  drop: string[];
  /** Directories of a step that stands published already, with the record to note there. */
  same: { name: string; record: CourierCheckpoint }[];
  /** Complete ones that wait, `next` included. */
  pending: number;
}

/** Resumable checkpoints that may wait on disk. */
const WAITING = 2;

/**
 * Pure: oldest step first, finals last, names decide between equals. Of resumable ones that wait only the newest two are kept, of finals
 * every one; after a final nothing but finals matters. While `draining` the most valuable goes first: finals, then the newest.
 */
export function plan(entries: readonly Entry[], options: { draining: boolean; busy?: string }): Plan {
  const published = entries.filter((entry) => entry.state === 'Published');
  const done = published.find(({ record }) => record.final);
  const complete = entries
    .filter((entry) => entry.state === 'Complete')
    .toSorted(
      (a, b) =>
        Number(a.checkpoint.final) - Number(b.checkpoint.final) ||
        a.checkpoint.step - b.checkpoint.step ||
        (a.name < b.name ? -1 : 1),
    );
  const same: Plan['same'] = [];
  const fresh = complete.filter(({ name, checkpoint }) => {
    const twin = published.find(
      ({ record }) => record.final === checkpoint.final && (record.final || record.step === checkpoint.step),
    );
    if (twin !== undefined && name !== options.busy) same.push({ name, record: twin.record });
    return twin === undefined;
  });
  const finals = fresh.filter(({ checkpoint }) => checkpoint.final);
  const resumable = fresh.filter(({ checkpoint }) => !checkpoint.final);
  const kept = done === undefined ? resumable.slice(-WAITING) : [];
  const overtaken = resumable.filter((entry) => !kept.includes(entry) && entry.name !== options.busy).map(({ name }) => name);
  const marks = published
    .filter(({ record }) => !record.final)
    .toSorted((a, b) => a.record.step - b.record.step)
    .slice(0, -MARKS)
    .map(({ name }) => name);
  const waiting = [...kept, ...finals];
  const next = options.draining ? waiting.at(-1) : waiting[0];
  return { ...(next === undefined ? {} : { next }), drop: [...overtaken, ...marks], same, pending: waiting.length };
}
