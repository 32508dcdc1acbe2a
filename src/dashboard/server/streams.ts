/** Handler of the stream: its scope, what its user may read now, and how many there may be. */
import { projectRun } from '../view/of/run.ts';
import { type Call, rights } from './call.ts';
import type { DashboardContext } from './context.ts';
import { one } from './headers.ts';
import { oneOf } from './match.ts';
import type { Metrics } from './metrics.ts';
import { badRequest, RequestProblem } from './problem.ts';
import { createSeats } from './rate.ts';
import { acceptsGzip, type Reply } from './reply.ts';
import { readableOf, type Scope } from './scope.ts';
import { runStream } from './stream.ts';

/** A browser opens one for each of its pages; a proxy may hold on to some that nobody reads. */
const seatsEach = 16;
const seatsAll = 500;

export interface StreamHandlerOptions {
  /** Random text of this process. */
  epoch: string;
  metrics: Metrics | undefined;
  patienceMs: number;
}

export function streamHandler(context: DashboardContext, { epoch, metrics, patienceMs }: StreamHandlerOptions) {
  const { objects, model, clock, gatekeeper } = context;
  const seats = createSeats({ each: seatsEach, all: seatsAll });

  return async function stream({ request, response, query, caller, access, signal }: Call): Promise<Reply> {
    const run = query.get('run');
    if (run !== undefined && !/^[a-z0-9][-a-z0-9]{0,62}\/[a-z0-9][-a-z0-9]{0,62}$/.test(run))
      throw badRequest('run must be a namespace and a name, such as research/digits', 'run');
    const scope: Scope = { run, allWorks: oneOf(query, 'works', ['all'] as const) !== undefined };
    const leave = seats.take(caller.id);
    if (!leave) throw new RequestProblem('TooMany', 'too many streams are open; close a page');
    metrics?.streams(seats.taken);
    const [namespace = '', name = ''] = run?.split('/') ?? [];
    let mayChange = false;
    try {
      await runStream({
        response,
        gzip: acceptsGzip(request),
        scope,
        callerId: caller.id,
        lastId: one(request.headers['last-event-id']),
        model,
        clock,
        epoch,
        patienceMs,
        async readable() {
          // A token that was revoked or has run out ends the stream, not only the next request.
          if ((await gatekeeper.whoIs(caller.token, signal)) === undefined) return undefined;
          const right = { ...rights.changeRuns, namespace };
          mayChange = run !== undefined && (await access.may(right));
          return await readableOf(access, scope, model.namespaces());
        },
        view({ theRun }) {
          const source = theRun ? objects.run(namespace, name) : undefined;
          if (!source) return undefined;
          const { view } = projectRun(source, model.facts());
          return JSON.stringify(view({ suspend: mayChange, resume: mayChange }));
        },
        live: context.live,
        signal,
      });
    } finally {
      leave();
      metrics?.streams(seats.taken);
    }
    return { type: 'taken' };
  };
}
