/** A real store, pods around it and what tests ask of them; everything ends with each test. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach } from 'node:test';
import type { PublishedFile } from '../../src/api/contract.ts';
import type { CourierConfig } from '../../src/api/courier.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { type Gateway, startGateway } from '../store/gateway.ts';
import { courierConfigOf, PREFIX, type Sidecar, TestPod, until } from './pod.ts';
import { publishedIn, type Trainer } from './trainer.ts';

export class Scene {
  gateway!: Gateway;
  store!: ObjectStore;
  readonly #pods: TestPod[] = [];
  readonly #sidecars: Sidecar[] = [];

  /** Call it inside `describe`: each test gets an empty store. */
  constructor() {
    beforeEach(async () => {
      this.gateway = await startGateway();
      this.store = this.gateway.store();
    });
    afterEach(async () => {
      await Promise.all(this.#sidecars.splice(0).map((sidecar) => sidecar.stop()));
      await Promise.all(this.#pods.splice(0).map((pod) => pod.remove()));
      await this.gateway.stop();
    });
  }

  config(overrides: Partial<CourierConfig> = {}, attempt = 1, placement = 1): CourierConfig {
    return courierConfigOf(this.gateway, overrides, attempt, placement);
  }

  async pod(config = this.config(), uid = 'pod-1', index = 0): Promise<TestPod> {
    const pod = await TestPod.create(this.gateway, config, uid, index);
    this.#pods.push(pod);
    return pod;
  }

  publish(pod: TestPod): Sidecar {
    const sidecar = pod.publish();
    this.#sidecars.push(sidecar);
    return sidecar;
  }

  /** A pod that has restored and whose sidecar runs. */
  async running(config = this.config(), uid = 'pod-1', index = 0): Promise<{ pod: TestPod; trainer: Trainer; sidecar: Sidecar }> {
    const pod = await this.pod(config, uid, index);
    assert.equal(await pod.restore(), 0);
    return { pod, trainer: pod.trainer, sidecar: this.publish(pod) };
  }

  /** Keys below the prefix of the work, without it. */
  async keys(): Promise<string[]> {
    const found: string[] = [];
    for await (const { key } of this.store.list(PREFIX)) found.push(key.slice(PREFIX.length));
    return found;
  }

  isPublished(directory: string): Promise<PublishedFile> {
    return until(`${directory} is published`, () => publishedIn(directory));
  }
}
