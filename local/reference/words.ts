/** Reasons, conditions, labels and annotations: the words that Atoll writes on objects and in events. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { failureClasses, reasons } from '../../src/api/reasons.ts';
import { checkout } from '../paths.ts';
import { code, page, table } from './markdown.ts';

/** What each type of condition says, by the kinds that have it. */
export const conditionTypes: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  ExpertDataset: {
    Ready: 'The data set is partitioned and its manifest was accepted.',
    Progressing: 'The partition goes on; the reason says what it waits for.',
    Blocked: 'The partition waits for a person: for an approval of its skew, or for a repair.',
    Failed: 'The partition is out of its retry budget, or must not be retried.',
    Validated: 'The spec was checked against everything that it names.',
  },
  ExpertTraining: {
    Validated: 'The spec was checked against everything that it names.',
    Scheduled: 'Every expert that is not accepted or blocked has a placement.',
    Progressing: 'The run goes on; the reason says what is done or waited for.',
    Suspended: 'The run is suspended by spec.suspend.',
    RouterReady: 'The router is accepted, or none is asked for.',
    Degraded: 'A part of the run cannot go on while the others do.',
    Complete: 'Nothing is left to do; final.',
    Failed: 'The run has failed; final.',
  },
  ComputeIsland: {
    Ready: 'Work can be placed on it.',
    Reachable: 'Its agent is heard; Unknown, never False, when it is not.',
    Joined: 'A cluster has joined as this island, and it is the one that speaks.',
    UnknownJobs: 'It holds IslandJobs that the hub does not know.',
  },
  IslandJob: {
    Complete: 'It succeeded; final.',
    Failed: 'It failed for good; final.',
  },
};

export function reasonsPage(): string {
  const classes = new Set<string>(failureClasses);
  const rows = Object.entries(reasons).map(([name, text]) => [code(name), classes.has(name) ? 'failure class' : '', text]);
  const conditions = Object.entries(conditionTypes).map(
    ([kind, types]) =>
      `### ${kind}\n\n${table(
        ['type', 'what True means'],
        Object.entries(types).map(([type, text]) => [code(type), text]),
      )}`,
  );
  return page(
    'Conditions, reasons and events',
    'Conditions, works and events take their reason from one closed list, which is part of the API. Events are written in `events.k8s.io` about the object concerned and are gone after an hour, as your API server is set; what a user has to know stands in the status too.',
    `## Conditions\n\n${conditions.join('\n')}`,
    `## Reasons\n\n[Failures](../failures.md) says what follows from each failure class.\n\n${table(['reason', '', 'what it means'], rows)}`,
  );
}

export interface Name {
  readonly group: string;
  readonly value: string;
  /** Empty when its line in the source has no comment. */
  readonly text: string;
}

/** Every name in src/api/labels.ts with the comment above it. */
export async function objectNames(): Promise<Name[]> {
  const source = await readFile(join(checkout, 'src/api/labels.ts'), 'utf8');
  const names: Name[] = [];
  let [group, text] = ['', ''];
  for (const line of source.split('\n')) {
    group = /^export const ([a-zA-Z]+) = \{/.exec(line)?.[1] ?? group;
    const comment = /^ {2}\/\*\* (.*) \*\/$/.exec(line)?.[1];
    const value = /^ {2}[a-zA-Z]+: '(atoll\.dev\/[a-z-]+)',$/.exec(line)?.[1];
    if (value !== undefined) names.push({ group, value, text });
    text = comment ?? '';
  }
  return names;
}

const titles: Record<string, [title: string, about: string]> = {
  labels: ['Labels', 'On what Atoll makes: ExpertShards, IslandJobs, Jobs, pods, ConfigMaps, Services and NetworkPolicies.'],
  annotations: ['Annotations of an IslandJob at an island', 'Which object of the hub it mirrors. Not to be written by hand.'],
  islandAnnotations: ['Annotations of a ComputeIsland', 'Written by `atoll island add`, `adopt` and `forget`.'],
  requestAnnotations: [
    'Annotations that you write',
    'On ExpertTrainings and ExpertDatasets; see [Retry and move one work](../steering.md).',
  ],
  finalizers: ['Finalizers', 'What has to be done before an object goes.'],
};

export async function namesPage(): Promise<string> {
  const names = await objectNames();
  const groups = [...new Set(names.map(({ group }) => group))].map((group) => {
    const [title, about] = titles[group] ?? [group, ''];
    const rows = names.filter((name) => name.group === group).map(({ value, text }) => [code(value), text]);
    return `## ${title}\n\n${about}\n\n${table(['name', 'what'], rows)}`;
  });
  return page('Labels, annotations and finalizers', ...groups);
}
