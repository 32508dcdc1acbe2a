/** A trainer for tests that speaks the contract: saves into a draft, renames it into place, appends progress, waits for its final. */
import { appendFile, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { contractVersion, type PublishedFile, publishedFile } from '../../src/api/contract.ts';

export interface SaveOptions {
  /** Content by relative path; default: one file that differs by step. */
  files?: Record<string, string | Uint8Array>;
  kind?: 'Resumable' | 'Export';
  final?: boolean;
  samples?: number;
  metrics?: Record<string, number>;
  name?: string;
  /** The text of checkpoint.json instead of a valid one. */
  checkpointJson?: string;
}

export class Trainer {
  readonly output: string;
  readonly progressFile: string;

  constructor(paths: { output: string; progress: string }) {
    this.output = paths.output;
    this.progressFile = paths.progress;
  }

  /** Saves a checkpoint as the Python module does; returns its directory. */
  async save(step: number, options: SaveOptions = {}): Promise<string> {
    const { kind = 'Resumable', final = false, samples = step * 64, metrics = { loss: 1 / (step + 1) } } = options;
    const name = options.name ?? (final ? 'final' : `step-${step}`);
    const draft = join(this.output, `.${name}.draft`);
    for (const [path, content] of Object.entries(options.files ?? { 'state.bin': `state of step ${step}` })) {
      await mkdir(dirname(join(draft, path)), { recursive: true });
      await writeFile(join(draft, path), content);
    }
    const description = { contract: contractVersion, step, samples, kind, final, metrics };
    await writeFile(join(draft, 'checkpoint.json'), options.checkpointJson ?? JSON.stringify(description));
    await rename(draft, join(this.output, name));
    return join(this.output, name);
  }

  /** Saves the final one; `published` says what the courier wrote, or undefined so far. */
  async finish(step: number, options: SaveOptions = {}): Promise<string> {
    return this.save(step, { kind: 'Export', final: true, ...options });
  }

  /** Saves into a directory without renaming and never finishes. */
  async saveHalf(name: string): Promise<string> {
    const folder = join(this.output, name);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'state.bin'), 'half of it');
    return folder;
  }

  async report(...lines: (object | string)[]): Promise<void> {
    const text = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line)));
    await appendFile(this.progressFile, `${text.join('\n')}\n`);
  }
}

/** What published.json of a directory says; undefined until it is there. */
export async function publishedIn(directory: string): Promise<PublishedFile | undefined> {
  const text = await readFile(join(directory, 'published.json'), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : publishedFile.parse(JSON.parse(text));
}
