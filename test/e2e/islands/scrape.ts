/** Real scrapes of a hub and its islands while they work, held against what alerts and boards ask for. */
import assert from 'node:assert/strict';
import { systemNamespace } from '../../../local/install.ts';
import { assertGoodScrape, explainedIn, metricsAskedFor } from '../../metrics/series.ts';
import { islandNames, type Place, type World } from './world.ts';

const metricsPort = 8080;

export async function scrape(world: World): Promise<void> {
  const hub = await scrapes(world, 'hub');
  const islands = (await Promise.all(islandNames.map((name) => scrapes(world, name)))).flat();
  for (const text of [...hub, ...islands]) await assertGoodScrape(text);
  const leaders = hub.filter((text) => text.includes('leader_election_master_status{name="atoll"} 1'));
  assert.equal(leaders.length, 1);
  const [leader = ''] = leaders;
  for (const series of [
    'atoll_build_info{version="0.1.0",role="hub"} 1',
    'atoll_training_status{namespace="research",training="steered",state="Running"} 1',
    'atoll_expert_status{namespace="research",training="steered",expert="000",state="Running"} 1',
    'atoll_island_ready{island="west"} 1',
    'atoll_island_reachable{island="east"} 1',
  ])
    assert.ok(leader.includes(series), `the leader exports ${series}`);
  for (const series of [
    /^atoll_job_failures_total\{island="\w+",role="Expert",class="Configuration",action="Fail"\} 1$/m,
    /^atoll_job_transitions_total\{island="\w+",role="Expert",from="Starting",to="Running"\} [1-9]/m,
    /^atoll_checkpoints_published_total\{island="\w+",role="Expert",kind="Resumable"\} [1-9]/m,
    /^atoll_expert_last_checkpoint_timestamp_seconds\{namespace="research",training="steered",expert="000"\} 1\.?\d+/m,
  ])
    assert.match(leader, series);
  for (const text of islands) {
    assert.ok(text.includes('atoll_build_info{version="0.1.0",role="island"} 1'));
    assert.match(text, /^atoll_link_connected(\{[^}]*\})? 1$/m);
  }
  const exported = new Set([leader, ...islands].flatMap((text) => [...explainedIn(text)]));
  assert.deepEqual(
    [...metricsAskedFor()].filter((name) => !exported.has(name)),
    [],
    'asked for by an alert or a board, and exported by nobody',
  );
}

/** /metrics of every pod of Atoll in a cluster, through the proxy of its API server. */
async function scrapes(world: World, place: Place): Promise<string[]> {
  const list = [
    '-n',
    systemNamespace,
    'get',
    'pods',
    '-l',
    'app.kubernetes.io/name=atoll',
    '--field-selector=status.phase=Running',
  ];
  const pods = (await world.on(place, [...list, '--output=name']))
    .trim()
    .split('\n')
    .map((name) => name.replace('pod/', ''));
  return await Promise.all(
    pods.map((pod) =>
      world.on(place, ['get', '--raw', `/api/v1/namespaces/${systemNamespace}/pods/${pod}:${metricsPort}/proxy/metrics`]),
    ),
  );
}
