/** One request after it was let in: who asks, for what, and what they may read. What handlers are given. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { inParallel } from '../../store/parallel.ts';
import type { Right } from '../view/routes.ts';
import type { AskedRight, Caller, Gatekeeper } from './caller.ts';
import type { Reply } from './reply.ts';

export interface Call {
  request: IncomingMessage;
  response: ServerResponse;
  params: Readonly<Record<string, string>>;
  query: ReadonlyMap<string, string>;
  body: Readonly<Record<string, string>>;
  caller: Caller;
  access: Access;
  /** Aborted when the reader leaves or the server ends. */
  signal: AbortSignal;
}

export type Handler = (call: Call) => Promise<Reply>;

/** What one user may do, asked when it is needed. */
export interface Access {
  may(right: AskedRight): Promise<boolean>;
  /** Of these namespaces, those in which the user has the right. */
  among(right: Omit<AskedRight, 'namespace'>, namespaces: Iterable<string>): Promise<ReadonlySet<string>>;
}

const atOnce = 8;

export function accessOf(gatekeeper: Gatekeeper, { identity }: Caller, signal: AbortSignal): Access {
  const may = (right: AskedRight) => gatekeeper.may(identity, right, signal);
  return {
    may,
    async among(right, namespaces) {
      const all = [...new Set(namespaces)];
      // Who may everywhere is asked about once, however many namespaces there are.
      if (all.length > 1 && (await may(right))) return new Set(all);
      const allowed = await inParallel(all, atOnce, async (namespace) =>
        (await may({ ...right, namespace })) ? [namespace] : [],
      );
      return new Set(allowed.flat());
    },
  };
}

/** A right of the table as it is asked for in one namespace, or over the cluster. */
export function asked({ verb, group, resource, subresource }: Right, namespace?: string): AskedRight {
  return {
    verb,
    group,
    resource,
    ...(subresource === undefined ? {} : { subresource }),
    ...(namespace === undefined ? {} : { namespace }),
  };
}

export const rights = {
  listRuns: { verb: 'list', group: 'atoll.dev', resource: 'experttrainings' },
  listDatasets: { verb: 'list', group: 'atoll.dev', resource: 'expertdatasets' },
  listIslands: { verb: 'list', group: 'atoll.dev', resource: 'computeislands' },
  changeRuns: { verb: 'patch', group: 'atoll.dev', resource: 'experttrainings' },
  changeDatasets: { verb: 'patch', group: 'atoll.dev', resource: 'expertdatasets' },
  changeIslands: { verb: 'patch', group: 'atoll.dev', resource: 'computeislands' },
  readLogs: { verb: 'get', group: '', resource: 'pods', subresource: 'log' },
} as const satisfies Record<string, AskedRight>;
