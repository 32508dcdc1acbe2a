/** What every scenario asks of the training that it follows, on one cluster or over islands. */
import assert from 'node:assert/strict';
import { type ExpertTraining, ExpertTrainingKind } from '../../src/api/experttraining.ts';
import { workPrefix } from '../../src/api/keys.ts';
import type { KubeClient } from '../../src/kube/types.ts';
import { namespace } from './trainings.ts';
import { HopelessError } from './waiting.ts';

/** Where it is looked at. */
export interface Place {
  readonly client: KubeClient;
  until<T>(what: string, look: () => Promise<T | undefined | false>, limitMs?: number): Promise<T>;
}

export class FollowedTraining<P extends Place> {
  readonly name: string;
  protected readonly world: P;

  constructor(world: P, name: string) {
    this.world = world;
    this.name = name;
  }

  async training(): Promise<ExpertTraining> {
    return found(await this.world.client.get(ExpertTrainingKind, { namespace, name: this.name }), `training ${this.name}`);
  }

  until<T>(what: string, look: () => Promise<T | undefined | false>, limitMs?: number): Promise<T> {
    return this.world.until(`${this.name}: ${what}`, look, limitMs);
  }

  /** Waits until the run is Complete; gives up as soon as it cannot become so. */
  async complete(): Promise<ExpertTraining> {
    return this.until('Complete', async () => {
      const training = await this.training();
      const { state, experts: counted } = training.status ?? {};
      if (state === 'Failed' || (counted?.blocked ?? 0) > 0) throw new HopelessError(`it is ${state}`);
      return state === 'Complete' && training;
    });
  }

  /** Prefix of an expert's keys in the bucket. */
  async prefix(index: number): Promise<string> {
    const { uid = '' } = (await this.training()).metadata;
    return workPrefix('atoll/', { namespace, name: this.name, uid }, 'Expert', index);
  }
}

export function found<T>(value: T | undefined, what: string): T {
  assert.ok(value !== undefined, `there is no ${what}`);
  return value;
}
