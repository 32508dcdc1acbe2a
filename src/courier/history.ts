/** The course of the training over its attempts, put into each checkpoint directory before it is published, so that it outlives every process. */
import { access, lstat, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CheckpointFile } from '../api/contract.ts';
import { Course, historyFile, historyFileName, joined, maxHistoryBytes } from '../api/history.ts';
import type { Progress } from '../api/work.ts';
import type { CourierContext } from './context.ts';
import { writeMark } from './marks.ts';

/** Roles whose course somebody looks at; the others take minutes. */
const roles = new Set(['Expert', 'Router']);

export class TrainingHistory {
  readonly #context: CourierContext;
  readonly #wanted: boolean;
  #course = new Course();
  #begun = false;

  constructor(context: CourierContext) {
    this.#context = context;
    this.#wanted = roles.has(context.config.attempt.work.role);
  }

  /** A report of the trainer; called about once a second. */
  async note(progress: Progress | undefined, nonFinite: boolean): Promise<void> {
    if (!this.#wanted || progress === undefined) return;
    await this.#begin();
    this.#course.add(this.#context.config.attempt, progress, nonFinite);
  }

  /**
   * Writes the course into a complete directory, once: what is there already was written before a try to publish that was cut off, or by the
   * trainer, and other bytes under the same key would be taken for those of another pod.
   */
  async writeInto(directory: string, { step, final }: CheckpointFile): Promise<void> {
    if (!this.#wanted || !this.#begun) return;
    this.#course.mark(this.#context.config.attempt, step, final);
    const path = join(directory, historyFileName);
    const exists = await access(path).then(
      () => true,
      () => false,
    );
    if (!exists) await writeMark(path, this.#course.file());
    await writeMark(this.#context.paths.history, this.#course.file());
  }

  /** What was before: this courier's own, when it was started again, else that of the checkpoint that the trainer resumes from. */
  async #begin(): Promise<void> {
    if (this.#begun) return;
    this.#begun = true;
    const { paths } = this.#context;
    const before = (await read(paths.history)) ?? (await read(join(paths.resume, historyFileName)));
    if (before) this.#course = new Course(undefined, joined(before, this.#course.file()));
  }
}

/** Undefined for anything but a history; what a trainer has put there is not trusted. */
async function read(path: string) {
  try {
    const found = await lstat(path);
    if (!found.isFile() || found.size > maxHistoryBytes) return undefined;
    return historyFile.safeParse(JSON.parse(await readFile(path, 'utf8'))).data;
  } catch {
    return undefined;
  }
}
