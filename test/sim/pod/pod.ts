/** One pod as its kubelet runs it: the real courier as sidecar and init container, a trainer, signals, grace periods and kills. */
import type { TrainerSpec } from '../../../src/api/contract.ts';
import { type CourierConfig, configMapKeys, courierConfig } from '../../../src/api/courier.ts';
import { type Clock, timestamp } from '../../../src/clock.ts';
import { runCourier } from '../../../src/courier/main.ts';
import type { ConfigMap, ContainerStatus, Pod } from '../../../src/kube/core.ts';
import type { Log } from '../../../src/log.ts';
import type { ObjectStore } from '../../../src/store/object-store.ts';
import type { Bucket } from '../bucket.ts';
import { Process } from '../clock.ts';
import type { Record } from '../facts.ts';
import type { Dice } from '../random.ts';
import { hangUp } from './courier-server.ts';
import { disks } from './disk.ts';
import { type Mishap, OutOfMemory, train } from './trainer.ts';

type State = NonNullable<ContainerStatus['state']>;
type Name = 'courier' | 'restore' | 'trainer';

export interface PodParts {
  clock: Clock;
  record: Record;
  bucket: Bucket;
  dice: Dice;
  log: Log;
  /** What befalls this run of the trainer. */
  mishapOf: (pod: SimPod) => Mishap | undefined;
  /** Whether its trainer ignores SIGTERM. */
  deaf: (pod: SimPod) => boolean;
  /** Something of it changed. */
  changed: (pod: SimPod) => void;
}

const waiting: State = { waiting: { reason: 'PodInitializing' } };
const stepsOf = { Partition: 2, Expert: 16, Router: 4, Evaluate: 2 } as const;
const stepMs = 5_000;
const checkpointEvery = 3;

export class SimPod {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  readonly node: string;
  readonly island: string;
  /** Its address ends in it, and its courier listens on it. */
  readonly number: number;
  readonly config: CourierConfig;
  readonly spec: TrainerSpec;
  readonly states: { [name in Name]: State } = { courier: waiting, restore: waiting, trainer: waiting };
  phase: 'Pending' | 'Running' | 'Succeeded' | 'Failed' = 'Pending';
  /** Set when Kubernetes itself ends it. */
  disruption: string | undefined;
  startedAt = '';
  restarts = 0;
  /** How the courier ended before it was started again. */
  #courierBefore: State | undefined;
  readonly #parts: PodParts;
  readonly #running = new Map<Name, { process: Process; stop: AbortController; kill(code: number, reason: string): void }>();
  readonly #root: string;
  #ending = false;
  #done = false;

  constructor(pod: Pod, map: ConfigMap, place: { island: string; number: number }, parts: PodParts) {
    this.uid = pod.metadata.uid ?? '';
    this.name = pod.metadata.name;
    this.namespace = pod.metadata.namespace ?? '';
    this.node = pod.spec.nodeName ?? '';
    this.island = place.island;
    this.number = place.number;
    this.#parts = parts;
    this.#root = `/pods/${this.uid}`;
    const config = JSON.parse(map.data?.[configMapKeys.courier] ?? '{}') as CourierConfig;
    // Every pod has an address of its own; here they share one, and differ by their ports.
    this.config = courierConfig.parse({ ...config, progress: { ...config.progress, port: place.number } });
    this.spec = JSON.parse(map.data?.[configMapKeys.spec] ?? '{}') as TrainerSpec;
    disks.write(this.path('config.json'), JSON.stringify(this.config));
    disks.write(this.path('work/.keep'), '');
  }

  get attempt(): CourierConfig['attempt'] {
    return this.config.attempt;
  }

  /** Of the work, the same for every placement and attempt. */
  get work(): string {
    const { owner, role, index } = this.attempt.work;
    return `${owner.uid}/${role}/${index ?? ''}`;
  }

  path(name: string): string {
    return `${this.#root}/${name}`;
  }

  get trains(): boolean {
    return this.#running.has('trainer');
  }

  get over(): boolean {
    return this.#done;
  }

  /** Key of the manifest that the trainer begins with. */
  get resumedFrom(): string | undefined {
    const mark = disks.read(this.path('work/.restored'));
    return mark === undefined ? undefined : (JSON.parse(mark) as { resumedFrom?: { manifest: string } }).resumedFrom?.manifest;
  }

  async run(): Promise<void> {
    const { record } = this.#parts;
    this.startedAt = timestamp(this.#parts.clock.now());
    const courier = this.#courier();
    record.note({ kind: 'restoring', pod: this });
    const restored = await this.#exec('restore', (process, stop) => this.#command('restore', process, stop));
    if (restored === 0 && !this.#ending) {
      record.note({ kind: 'restored', pod: this });
      this.phase = 'Running';
      await this.#exec('trainer', (process, stop) => this.#train(process, stop));
    }
    this.#ending = true;
    this.#running.get('courier')?.stop.abort(new Error('SIGTERM'));
    await courier;
    this.#finish();
  }

  /** SIGTERM, and SIGKILL after the grace period, which the sidecar shares. */
  terminate(graceSeconds: number): void {
    if (this.#done) return;
    this.#ending = true;
    for (const name of ['trainer', 'restore'] as const) this.#running.get(name)?.stop.abort(new Error('SIGTERM'));
    this.#parts.clock.timer(graceSeconds * 1000, () => this.kill(137, 'Error'));
  }

  /** SIGKILL of every container. */
  kill(code: number, reason: string): void {
    this.#ending = true;
    for (const running of this.#running.values()) running.kill(code, reason);
  }

  /** SIGKILL of one container; a sidecar is started again. */
  killContainer(name: Name, code: number, reason: string): void {
    this.#running.get(name)?.kill(code, reason);
  }

  /** Its machine is gone: nothing of it runs, and nobody will say so. */
  vanish(): void {
    this.#done = true;
    this.kill(137, 'Error');
    disks.remove(this.#root);
  }

  #finish(): void {
    if (this.#done) return;
    this.#done = true;
    const code = this.states.trainer.terminated?.exitCode;
    this.phase = code === 0 && this.states.restore.terminated?.exitCode === 0 ? 'Succeeded' : 'Failed';
    disks.remove(this.#root);
    this.#parts.changed(this);
  }

  async #courier(): Promise<void> {
    for (;;) {
      await this.#exec('courier', (process, stop) => this.#command('publish', process, stop));
      if (this.#ending) return;
      await this.#parts.clock.sleep(1000);
      if (this.#ending) return;
      this.restarts++;
      this.#courierBefore = this.states.courier;
    }
  }

  async #exec(name: Name, work: (process: Process, stop: AbortSignal) => Promise<number>): Promise<number> {
    const { clock, record, changed } = this.#parts;
    const process = new Process(clock, `${this.name}/${name}`);
    const stop = new AbortController();
    const began = timestamp(clock.now());
    const end = Promise.withResolvers<{ code: number; reason: string }>();
    const kill = (code: number, reason: string) => {
      process.kill();
      end.resolve({ code, reason });
    };
    this.#running.set(name, { process, stop, kill });
    this.states[name] = { running: { startedAt: began } };
    record.note({ kind: 'started', pod: this, container: name });
    changed(this);
    work(process, stop.signal).then(
      (code) => {
        if (!process.dead) end.resolve({ code, reason: code === 0 ? 'Completed' : 'Error' });
      },
      (error: unknown) => {
        const killed = error instanceof OutOfMemory;
        if (!killed && !process.dead) record.violate(0, `${name} of ${this.name} broke: ${String((error as Error).stack)}`);
        end.resolve({ code: killed ? 137 : 1, reason: killed ? 'OOMKilled' : 'Error' });
      },
    );
    const { code, reason } = await end.promise;
    process.kill();
    this.#running.delete(name);
    if (name === 'courier') hangUp(this.number);
    const message = disks.read(this.path(`termination-${name}`));
    if (message !== undefined) record.note({ kind: 'said', where: 'termination message', text: message });
    this.states[name] = {
      terminated: {
        exitCode: code,
        reason,
        startedAt: began,
        finishedAt: timestamp(clock.now()),
        ...(message === undefined ? {} : { message }),
      },
    };
    record.note({ kind: 'ended', pod: this, container: name, code });
    if (!this.#done) changed(this);
    return code;
  }

  #command(command: 'restore' | 'publish', process: Process, signal: AbortSignal): Promise<number> {
    const { bucket, dice, log } = this.#parts;
    const store: ObjectStore = bucket.view(process);
    const container = command === 'publish' ? 'courier' : 'restore';
    return runCourier({
      command,
      configPath: this.path('config.json'),
      pod: { uid: this.uid, name: this.name, node: this.node, index: 0 },
      clock: process.clock,
      random: dice,
      log,
      signal,
      store: () => store,
      pollMs: 1000,
      paths: {
        inputs: this.path('work/inputs'),
        resume: this.path('work/resume'),
        output: this.path('work/output'),
        progress: this.path('work/progress.jsonl'),
        home: this.path('work/home'),
        history: this.path('work/.history.json'),
        claimed: this.path('work/.claimed'),
        restored: this.path('work/.restored'),
        termination: this.path(`termination-${container}`),
      },
    });
  }

  #train(process: Process, stop: AbortSignal): Promise<number> {
    return train({
      process,
      work: this.path('work'),
      spec: this.spec,
      stop,
      steps: stepsOf[this.spec.role],
      stepMs,
      checkpointEvery,
      mishap: this.#parts.mishapOf(this),
      deaf: () => this.#parts.deaf(this),
    });
  }

  /** As the kubelet reports it. */
  status(): NonNullable<Pod['status']> {
    const of = (name: Name): ContainerStatus => ({
      name,
      state: this.states[name],
      image: '',
      imageID: '',
      ready: this.states[name].running !== undefined,
      restartCount: name === 'courier' ? this.restarts : 0,
      ...(name === 'courier' && this.#courierBefore ? { lastState: this.#courierBefore } : {}),
    });
    const conditions =
      this.disruption === undefined
        ? {}
        : { conditions: [{ type: 'DisruptionTarget', status: 'True', reason: this.disruption, message: 'evicted' }] };
    return {
      phase: this.phase,
      podIP: `10.0.${this.number >> 8}.${this.number & 255}`,
      startTime: this.startedAt,
      initContainerStatuses: [of('courier'), of('restore')],
      containerStatuses: [of('trainer')],
      ...conditions,
    };
  }
}
