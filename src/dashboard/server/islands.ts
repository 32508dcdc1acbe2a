/** Handlers of islands: what they are, and what of it the user may read is placed there. */

import type { IslandView } from '../view/island.ts';
import { conditionsOf } from '../view/of/facts.ts';
import { islandJobRow, islandRow } from '../view/of/island.ts';
import { type Call, rights } from './call.ts';
import type { DashboardContext } from './context.ts';
import { notFound } from './problem.ts';
import { json, type Reply } from './reply.ts';

const ended = new Set(['Succeeded', 'Failed', 'Stopped']);

export function islandHandlers({ objects, model }: DashboardContext) {
  return {
    async islands(): Promise<Reply> {
      model.refresh();
      return json([...model.tables.rows('islands')].map(({ row }) => row));
    },

    async island({ params, access }: Call): Promise<Reply> {
      const { island: name = '' } = params;
      const island = objects.islands.store.get({ name });
      if (!island) throw notFound(`the island ${name}`);
      const there = objects.jobs.store
        .list()
        .filter(({ spec, status }) => spec.island === name && !ended.has(status?.state ?? ''));
      const namespaces = there.map(({ metadata }) => metadata.namespace ?? '');
      const [readable, change] = await Promise.all([access.among(rights.listRuns, namespaces), access.may(rights.changeIslands)]);
      const jobs = there.filter(({ metadata }) => readable.has(metadata.namespace ?? ''));
      const { cordoned } = island.spec;
      const view: IslandView = {
        row: islandRow(island),
        conditions: conditionsOf(island.status?.conditions),
        jobs: jobs.map(islandJobRow).toSorted((a, b) => (a.name < b.name ? -1 : 1)),
        hidden: there.length - jobs.length,
        labels: { ...island.status?.labels, ...island.metadata.labels },
        may: { cordon: change && !cordoned, uncordon: change && cordoned },
      };
      return json(view);
    },
  };
}
