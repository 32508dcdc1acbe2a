/** Waiting until an API server serves the kinds that were applied to it. */
import type { CommandOutput } from './command.ts';

/** What has a kubectl: a cluster, or an API server on its own. */
export interface HasKubectl {
  kubectl(args: readonly string[]): Promise<CommandOutput>;
}

const limitMs = 60_000;
const everyMs = 100;

interface Definition {
  status?: { conditions?: { type: string; status: string }[] };
}

/**
 * Resolves once the named CustomResourceDefinitions (all without names) are served. `kubectl wait` would fail instead of waiting where the
 * API server has not yet begun with a new one: its conditions are not there then.
 */
export async function established(server: HasKubectl, names: readonly string[] = []): Promise<void> {
  const end = performance.now() + limitMs;
  for (;;) {
    const { stdout } = await server.kubectl(['get', 'crd', ...names, '--output=json']);
    const found = JSON.parse(stdout) as Definition & { items?: Definition[] };
    const all = found.items ?? [found];
    const served = ({ status }: Definition) =>
      status?.conditions?.some((one) => one.type === 'Established' && one.status === 'True');
    if (all.length > 0 && all.every(served)) return;
    if (performance.now() > end)
      throw new Error(`cannot go on: ${names.join(', ') || 'the kinds'} are not served after ${limitMs / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
