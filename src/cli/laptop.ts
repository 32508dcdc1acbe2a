/** `atoll dashboard`: the dashboard served by this very program, on this machine only, with the rights of one's own kubeconfig. */
import type { IslandJob } from '../api/islandjob.ts';
import { createCurves } from '../dashboard/server/curves.ts';
import { builtPage } from '../dashboard/server/folder.ts';
import { startDashboard } from '../dashboard/server/index.ts';
import { createLaptop } from '../dashboard/server/laptop.ts';
import { createModel } from '../dashboard/server/model.ts';
import { createObjects } from '../dashboard/server/objects.ts';
import type { RealKubeClient } from '../kube/client.ts';
import { createManager } from '../kube/manager.ts';
import { silentLog } from '../kube/types.ts';
import { withScope } from './cluster.ts';
import { portFlag } from './flags.ts';
import { type Call, CommandFailure, exitCodes, noWords, scopeHelp, scopeOptions, type Verb } from './verb.ts';

const help = `Usage: atoll dashboard [options]

Serves the dashboard from this machine, at 127.0.0.1 only, until Ctrl-C: for a hub whose chart serves none, or that cannot be reached by a
port-forward. It reads with the rights of your kubeconfig, prints an address that signs in once, and shows what the cluster's objects say:
live progress, logs of islands and what lies in the bucket are shown by the dashboard of the hub alone, see atoll ui.

Options:
  --port PORT         local port (default: any that is free)
  --all               runs of all namespaces, which takes the right to list them (default: those of one)
${scopeHelp}

Examples:
  atoll dashboard -n research
  atoll dashboard --all --port 8081
`;

export const dashboard: Verb = {
  summary: 'serve the dashboard from this machine',
  help,
  options: { ...scopeOptions, port: { type: 'string' }, all: { type: 'boolean' } },
  tidies: true,
  run(call) {
    noWords(call);
    const port = portFlag(call);
    return withScope(call, async ({ client, namespace }) => {
      await serve(call, client, port, call.on('all') ? undefined : [namespace]);
      return exitCodes.interrupted;
    });
  },
};

async function serve(call: Call, client: RealKubeClient, port: number, namespaces: string[] | undefined): Promise<void> {
  const { clock, random, signal, version, io } = call;
  const manager = createManager({ client, clock, random, log: silentLog });
  const objects = createObjects(manager, namespaces);
  const progress = () => undefined;
  const { gatekeeper, oneTimeToken } = createLaptop({ client, clock, random, signal });
  const server = await startDashboard({
    objects,
    model: createModel({ objects, clock, progress }),
    gatekeeper,
    stores: new Map(),
    curves: createCurves({ objects, progress, clock }),
    openLog: (_, job) => noLog(job),
    live: () => false,
    clock,
    random,
    log: silentLog,
    version,
    role: 'laptop',
    links: [],
    historyPrefixes: [],
    // A user of one namespace may not list islands: their rows stay away, and the rest is served.
    ready: () => [objects.runs, objects.datasets, objects.shards, objects.jobs].every((one) => one.hasSynced),
    port,
    host: '127.0.0.1',
    ui: builtPage,
  });
  manager.addLoop('dashboard', (until) => server.run(until), { leaderOnly: false });
  io.out(`http://127.0.0.1:${server.port}/#token=${oneTimeToken}\n`);
  io.err('The address signs in once; Ctrl-C ends the dashboard.\n');
  await manager.run(signal);
}

/** Pods are on islands, which this machine may not reach. */
function noLog({ metadata }: IslandJob): never {
  throw new CommandFailure(`cannot read the log of ${metadata.name} from here: atoll logs asks the hub for it`);
}
