/** The status of a mirror, lifted to what the hub has stored: an island that was put back to an older copy goes on from there. */
import type { IslandJob, IslandJobStatus } from '../api/islandjob.ts';
import { lifted } from '../api/lifting.ts';
import type { Standing } from './messages.ts';

/** Of an IslandJob that nobody has written a status of. */
export const emptyStatus: IslandJobStatus = {
  revision: 0,
  state: 'Pending',
  attempt: 0,
  restarts: 0,
  attempts: [],
  display: {},
  conditions: [],
};

/** Undefined when nothing is to be done. What the hub has accepted as final result, failure or stop proof stands. */
export function liftedStatus(mirror: IslandJob, known: Standing): IslandJobStatus | undefined {
  const status = { ...emptyStatus, ...mirror.status };
  const output = status.output ?? known.output;
  const stopped = status.stopped ?? known.stopped;
  const final = output ? 'Succeeded' : stopped ? 'Stopped' : known.state === 'Failed' ? 'Failed' : undefined;
  const numbers = lifted(status, { statusRevision: known.revision, attempt: known.attempt, restarts: known.restarts });
  const same = output === status.output && stopped === status.stopped && (final === undefined || final === status.state);
  if (numbers === undefined && same) return undefined;
  return {
    ...(numbers ?? { ...status, revision: status.revision + 1 }),
    ...(output ? { output } : {}),
    ...(stopped ? { stopped } : {}),
    ...(final === undefined ? {} : { state: final }),
  };
}
