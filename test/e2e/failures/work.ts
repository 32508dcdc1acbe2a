/** The one expert of a training that fails, followed by a scenario: how its attempts end, where they run, what is told about it. */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExpertShard } from '../../../src/api/expertshard.ts';
import { IslandJobKind } from '../../../src/api/islandjob.ts';
import type { AttemptRecord } from '../../../src/api/work.ts';
import { container } from '../../../src/island/podview.ts';
import type { Pod } from '../../../src/kube/core.ts';
import { found } from '../followed.ts';
import { Run, restored } from '../run.ts';
import { namespace } from '../trainings.ts';
import { HopelessError } from '../waiting.ts';

/** Folder that what people read is kept in, one file a work; without it nothing is kept. */
const { ATOLL_DESCRIBED: keptIn } = process.env;

/** An attempt comes up, trains and ends within seconds; a wait that lasts longer than this is for a state that never comes. */
const patienceMs = 90_000;

export class Work extends Run {
  override until<T>(what: string, look: () => Promise<T | undefined | false>, limitMs = patienceMs): Promise<T> {
    return super.until(what, look, limitMs);
  }

  /** Its attempts as the island has them, oldest first; none while there is no IslandJob. */
  async attempts(): Promise<readonly AttemptRecord[]> {
    const { items } = await this.world.client.list(IslandJobKind, { namespace });
    return items.find(({ spec }) => spec.work.training === this.name)?.status?.attempts ?? [];
  }

  /** Class and rule of each attempt that has ended. */
  async endings(): Promise<string[]> {
    return (await this.attempts()).flatMap(({ class: end, rule }) => (end === undefined ? [] : [`${end} by ${rule}`]));
  }

  /** Waits until an attempt has ended, and gives its record. */
  ended(number: number): Promise<AttemptRecord> {
    return this.until(`the end of attempt ${number}`, async () =>
      (await this.attempts()).find((record) => record.number === number && record.class !== undefined),
    );
  }

  /** Waits until the trainer of an attempt runs, and gives its pod. */
  trainer(number: number): Promise<Pod> {
    return this.until(`the trainer of attempt ${number}`, async () => {
      const record = (await this.attempts()).find((one) => one.number === number);
      if (record?.class !== undefined) throw new HopelessError(`it has ended as ${record.class}: ${record.message}`);
      const pod = (await this.pods(0)).find(({ metadata }) => metadata.name === record?.pod);
      return pod !== undefined && container(pod, 'trainer')?.state?.running !== undefined && pod;
    });
  }

  /** Waits until it is Blocked, and gives the expert's status. */
  blocked(): Promise<NonNullable<ExpertShard['status']>> {
    return this.until('Blocked', async () => {
      const { status } = await this.training();
      if (status?.state === 'Complete') throw new HopelessError('it is Complete');
      return status?.experts.blocked === 1 && found((await this.expert(0)).status, 'status of the expert');
    });
  }

  /** The step that an attempt resumed from; undefined for a start from nothing. */
  async resumedFrom(attempt: number): Promise<number | undefined> {
    return restored(await this.pod(0, attempt)).resumedFrom?.step;
  }

  /** What a person reads who asks for the training, its expert and its IslandJob. */
  async described(): Promise<string> {
    const { metadata } = await this.job(0);
    const objects = [`et/${this.name}`, `es/${this.name}-e000`, `ij/${metadata.name}`];
    const text = (await Promise.all(objects.map((object) => this.world.kubectl(['describe', object])))).join('\n');
    if (keptIn !== undefined) {
      await mkdir(keptIn, { recursive: true });
      await writeFile(join(keptIn, `${this.name}.txt`), text);
    }
    return text;
  }

  /** Fails unless all that a person reads says each of these. */
  async tells(...expected: readonly RegExp[]): Promise<void> {
    const text = await this.described();
    for (const words of expected) assert.match(text, words);
  }
}
