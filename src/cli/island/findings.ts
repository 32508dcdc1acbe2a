/** What is to be said about one island, with what to do about it. Pure. */
import type { ComputeIsland } from '../../api/computeisland.ts';
import { displayDuration } from '../../api/duration.ts';
import { type Finding, ok, warning, wrong } from '../findings.ts';

const mostSkewMs = 30_000;

/** One finding when all is well, and one for each thing that is not. */
export function islandFindings(island: ComputeIsland, now: number): Finding[] {
  const found = [...standing(island, now), ...intended(island), ...particular(island)];
  if (found.length > 0) return found;
  const { status, metadata } = island;
  const gpus = status?.display.gpus;
  return [
    ok(
      `island ${metadata.name} is Ready, ${gpus === undefined ? 'without GPUs' : `${gpus} GPUs free`}, ${status?.jobs ?? 0} works`,
    ),
  ];
}

function standing({ metadata, status }: ComputeIsland, now: number): Finding[] {
  const { name } = metadata;
  const why = status?.conditions.find(({ type, status: is }) => (type === 'Joined' || type === 'Reachable') && is !== 'True');
  const said = why?.message ? `: ${why.message}` : '';
  switch (status?.state) {
    case 'Ready':
      return [];
    case 'NotReady':
      return [
        wrong(
          `island ${name} is heard, and no node of it can run work${said}`,
          'on its cluster: kubectl get nodes, and the device plugin of its GPUs',
        ),
      ];
    case 'Unreachable': {
      const age = status.lastHeard === undefined ? '' : ` for ${displayDuration(now - Date.parse(status.lastHeard))}`;
      return [
        wrong(
          `island ${name} is not heard${age}; what runs there trains on${said}`,
          `on its cluster: kubectl -n atoll-system logs deployment/atoll; does it reach the hub's NATS server? If the cluster is gone for good: atoll island remove ${name} --lost`,
        ),
      ];
    }
    default:
      return [
        wrong(
          `no cluster has joined as island ${name} yet${said}`,
          `run the helm install line that atoll island add printed; atoll island add ${name} --replace makes a new one`,
        ),
      ];
  }
}

function intended({ metadata, spec }: ComputeIsland): Finding[] {
  const { name } = metadata;
  if (!spec.approved)
    return [
      wrong(`island ${name} is not approved`, `kubectl patch computeisland ${name} --type merge -p '{"spec":{"approved":true}}'`),
    ];
  if (spec.drain) return [warning(`island ${name} is being drained: nothing is placed there`, `atoll island undrain ${name}`)];
  if (spec.cordoned) return [warning(`island ${name} is cordoned: nothing new is placed there`, `atoll island uncordon ${name}`)];
  return [];
}

function particular({ metadata, status }: ComputeIsland): Finding[] {
  const { name } = metadata;
  const found: Finding[] = [];
  const unknown = status?.unknownJobs?.length ?? 0;
  if (unknown > 0)
    found.push(
      warning(
        `island ${name} holds ${unknown} works that the hub does not know`,
        `atoll island adopt ${name} --all takes them back, forget stops them`,
      ),
    );
  const sick = (status?.capacity?.gpus ?? []).reduce((sum, { unhealthy }) => sum + unhealthy, 0);
  if (sick > 0)
    found.push(
      warning(
        `island ${name} has ${sick} GPUs that its nodes cannot give to pods`,
        'on its cluster: kubectl describe nodes, and the log of the device plugin',
      ),
    );
  const skew = skewMs(status?.clockSkew);
  if (Math.abs(skew) > mostSkewMs)
    found.push(
      warning(
        `the clock of island ${name} is off by ${status?.clockSkew}`,
        'let its nodes keep time with NTP: times of attempts are wrong',
      ),
    );
  return found;
}

/** Milliseconds of a text such as `-2s` or `3m`. */
function skewMs(text: string | undefined): number {
  const match = /^(-?)(\d+)(s|m|h)/.exec(text ?? '');
  const unit = { s: 1000, m: 60_000, h: 3_600_000 }[match?.[3] ?? 's'] ?? 1000;
  return match ? Number(`${match[1]}${match[2]}`) * unit : 0;
}
