/** Bad inputs that controllers, couriers and the link read: specs that no island takes, reports, progress, messages, settings. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseLenient } from '../../src/courier/json.ts';
import { ProgressTail } from '../../src/courier/progress.ts';
import { createField } from '../../src/hub/field.ts';
import { place } from '../../src/hub/placement.ts';
import { createAdmit } from '../../src/island/admit.ts';
import { avoidance } from '../../src/island/avoid.ts';
import { decide } from '../../src/island/decide.ts';
import { parseResult } from '../../src/island/ending.ts';
import { printable } from '../../src/island/evidence.ts';
import { merge, podTemplateErrors } from '../../src/island/podtemplate.ts';
import { readReport } from '../../src/island/report.ts';
import { decodeJson } from '../../src/link/codec.ts';
import { mostBytes } from '../../src/link/messages.ts';
import { parseSettings } from '../../src/settings.ts';
import {
  closed,
  islandJob,
  kubeJob,
  limits,
  now,
  observed,
  open,
  pod,
  report,
  settings,
  spec,
  waiting,
} from '../island/builders.ts';
import { createFakeClock } from '../kube/fake-clock.ts';
import type { BadInput } from './table.ts';

const island = { name: 'oslo', labels: { tier: 'own' }, approved: true, cordoned: false, ready: true, cost: 0, gpus: [] };
const demand = { group: 'run', namespace: 'research', gpus: 0, matchLabels: {}, priority: 0, since: 0 };

function placed(over: object): unknown {
  const field = createField();
  field.setIsland(island);
  return place({ ...demand, ...over }, field);
}

/** What becomes of an attempt whose pod waits for this for longer than it may. */
function stuck(reason: string, message: string): unknown {
  const pods = [
    pod(1, { trainer: waiting(reason, message), restore: waiting('PodInitializing'), courier: waiting('PodInitializing') }),
  ];
  const decision = decide(
    observed(islandJob({ attempt: 1, attempts: [open(1)] }), { kubeJobs: [kubeJob(1)], pods }),
    now(700),
    limits,
  );
  return decision.type === 'Act' ? decision.status.attempts[0] : decision;
}

async function progressOf(text: string): Promise<unknown> {
  const folder = await mkdtemp(join(tmpdir(), 'atoll-inputs-'));
  try {
    await writeFile(join(folder, 'progress.jsonl'), text);
    const tail = new ProgressTail(join(folder, 'progress.jsonl'), createFakeClock());
    await tail.poll();
    return { newest: tail.newest, nonFiniteStep: tail.nonFiniteStep };
  } finally {
    await rm(folder, { recursive: true });
  }
}

function polluted(): unknown {
  const patch = JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}') as Record<
    string,
    unknown
  >;
  const merged = merge({ spec: {} }, patch);
  parseLenient('{"__proto__":{"polluted":true}}');
  return { polluted: ({} as Record<string, unknown>)['polluted'] ?? 'no', spec: merged['spec'] };
}

export const readInputs: readonly BadInput[] = [
  {
    number: 7,
    input: 'an image that the island does not admit',
    caught: 'R',
    words: ['ImageNotAdmitted', 'does not admit the image docker.io/evil:1: it admits ghcr.io/lab/*'],
    said: () =>
      createAdmit({ ...settings, admit: { images: ['ghcr.io/lab/*'] } })({
        namespace: 'research',
        spec: spec({ container: { image: 'docker.io/evil:1', resources: { cpu: '1', memory: '1Gi' } } }),
      }),
  },
  {
    number: 8,
    input: 'more GPUs than any island has',
    caught: 'R',
    words: ['ExceedsAnyIsland', 'oslo'],
    said: () => placed({ gpus: 64 }),
  },
  {
    number: 12,
    input: 'a selector that matches no island',
    caught: 'R',
    words: ['NoMatchingIsland', 'tier'],
    said: () => placed({ matchLabels: { tier: 'spot' } }),
  },
  {
    number: 14,
    input: 'a Secret that is not there',
    caught: 'R',
    words: ['configuration-deadline', 'CreateContainerConfigError: secret \\"hub\\" not found'],
    said: () => stuck('CreateContainerConfigError', 'secret "hub" not found'),
  },
  {
    number: 14,
    input: 'a key that is not in its Secret',
    caught: 'R',
    words: ['configuration-deadline', "couldn't find key token in Secret research/hub"],
    said: () => stuck('CreateContainerConfigError', "couldn't find key token in Secret research/hub"),
  },
  {
    number: 7,
    input: 'an image that does not exist',
    caught: 'R',
    words: ['configuration-deadline', 'ImagePullBackOff'],
    said: () => stuck('ImagePullBackOff', 'Back-off pulling image "nowhere/none:1"'),
  },
  {
    number: 19,
    input: 'a podTemplate with an identity, a token or another container',
    caught: 'R',
    words: ['serviceAccountName cannot be set', 'cannot project a serviceAccountToken', 'containers[extra] cannot be added'],
    said: () =>
      podTemplateErrors({
        spec: {
          serviceAccountName: 'admin',
          volumes: [{ name: 'token', projected: { sources: [{ serviceAccountToken: {} }] } }],
          containers: [{ name: 'extra' }],
        },
      }),
  },
  {
    number: 21,
    input: 'a node selector that leaves only a node that failed',
    caught: 'R',
    words: ['"dropped":["node-1"]'],
    said: () => {
      const status = { allocatable: { cpu: '4', memory: '8Gi' }, conditions: [{ type: 'Ready', status: 'True' }] };
      const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-1' }, status };
      return avoidance(spec(), [closed(1, 'NodeLost', { node: 'node-1', action: 'RetryElsewhere' })], [node], now(60));
    },
  },
  {
    number: 27,
    input: 'an IslandJob of a version without the newer fields',
    caught: 'R',
    words: ['"number":1', '"type":"Act"'],
    said: () => decide(observed(islandJob(undefined), { podCheck: { outcome: 'Accepted' } }), now(60), limits),
  },
  {
    number: 29,
    input: 'a message that is no JSON',
    caught: 'P',
    words: ['it is no JSON'],
    said: () => decodeJson(Buffer.from('{"a":')),
  },
  {
    number: 29,
    input: 'a message that is too large',
    caught: 'P',
    words: [`at most ${mostBytes} are allowed`],
    said: () => decodeJson(new Uint8Array(mostBytes + 1)),
  },
  {
    number: 30,
    input: 'a report with a negative step',
    caught: 'P',
    words: ['passed over'],
    said: () => readReport({ ...report(), progress: { step: -1, at: report().at } }) ?? 'passed over',
  },
  {
    number: 30,
    input: 'a loss of NaN, then of 1e400',
    caught: 'P',
    words: ['"nonFiniteStep":4', '"step":5'],
    said: () => progressOf('{"step":4,"loss":NaN}\n{"step":5,"loss":1e400}\n'),
  },
  {
    number: 30,
    input: 'a step that no number can hold',
    caught: 'P',
    words: ['"step":1,'],
    said: () => progressOf('{"step":1}\n{"step":1e300}\n{"step":-1}\n{"step":0.5}\n'),
  },
  {
    number: 37,
    input: 'keys __proto__ and constructor in a podTemplate',
    caught: 'P',
    words: ['"polluted":"no"', '"spec":{}'],
    said: polluted,
  },
  {
    number: 38,
    input: 'a log line with colours, NUL and carriage returns',
    caught: 'U',
    words: ['"a red line"'],
    said: () => printable('a \u001b[31mred\u001b[0m\r\u0000 line'),
  },
  {
    number: 39,
    input: 'a termination message that is cut in the middle of its JSON',
    caught: 'R',
    words: ['taken for text'],
    said: () => parseResult('{"v":1,"reason":"Publis') ?? 'taken for text',
  },
  {
    number: 62,
    input: 'settings with several mistakes',
    caught: 'R',
    words: ['cannot use the settings in atoll.yaml', 'role'],
    said: () => parseSettings('role: captain\n', 'atoll.yaml'),
  },
];
