/** The cluster of two nodes on which works fail. */
import { found } from '../followed.ts';
import { startWorld, type World } from '../world.ts';
import { Work } from './work.ts';
import { oneShard, type WorkOptions, workManifest } from './works.ts';

export class Failures {
  readonly world: World;
  #dataset: Promise<string> | undefined;

  constructor(world: World) {
    this.world = world;
  }

  /** Names of the nodes; the operator runs on the first. */
  get nodes(): [string, string] {
    const [first, second] = this.world.cluster.nodes.map(({ machine }) => machine.spec.name);
    return [found(first, 'first node'), found(second, 'second node')];
  }

  otherNode(name: string | undefined): string {
    const [first, second] = this.nodes;
    return name === first ? second : first;
  }

  /** Applies the data set, if nobody has, and a training of one expert; waits for neither. */
  async start(name: string, options: WorkOptions = {}): Promise<Work> {
    this.#dataset ??= this.world.apply(oneShard());
    await this.#dataset;
    await this.world.apply(workManifest(name, options));
    return new Work(this.world, name);
  }

  stop(): Promise<void> {
    return this.world.stop();
  }
}

export async function startFailures(): Promise<Failures> {
  const settings = { configurationDeadline: '40s' };
  return new Failures(await startWorld({ name: 'failures', nodes: 2, gpus: 1, diskLimits: true, settings }));
}
