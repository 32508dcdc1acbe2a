/** What creating an attempt's Job led to, taken over into the status. */

import type { IslandJob, IslandJobStatus } from '../api/islandjob.ts';
import { timestamp } from '../clock.ts';
import { failed } from './conclude.ts';
import type { EventNote } from './observed.ts';
import { openRecord, withRecord } from './record.ts';

export type Created =
  | { readonly outcome: 'Created'; readonly jobUid: string }
  /** An object that is not ours has the name: the number is given up. */
  | { readonly outcome: 'NameTaken'; readonly message: string }
  | { readonly outcome: 'Refused'; readonly message: string }
  /** What was decided rests on an old view of the IslandJob; nothing was made. */
  | { readonly outcome: 'Outdated' };

const hints = {
  NameTaken: 'Nothing, unless it comes again: then rename or delete the object that the message names.',
  Refused: 'Correct what the API server says of the pod, in the container or its podTemplate, and start the work anew.',
};

export function noteCreated(
  job: IslandJob,
  status: IslandJobStatus,
  created: Created,
  now: number,
): { status: IslandJobStatus; events: EventNote[] } {
  const record = openRecord(status.attempts);
  if (record === undefined || created.outcome === 'Outdated') return { status, events: [] };
  const { number } = record;
  if (created.outcome === 'Created') {
    const attempts = withRecord(status.attempts, { ...record, jobUid: created.jobUid });
    return {
      status: { ...status, attempts },
      events: [{ type: 'Normal', reason: 'Started', message: `attempt ${number} of ${job.metadata.name} was created` }],
    };
  }
  const refused = created.outcome === 'Refused';
  const said = {
    class: refused ? 'Configuration' : 'AttemptTaken',
    message: created.message.slice(0, 512),
    rule: refused ? 'job-refused' : 'name-taken',
    action: refused ? 'Fail' : 'Retry',
    counted: false,
  } as const;
  const at = timestamp(now);
  const attempts = withRecord(status.attempts, { ...record, ...said, finishedAt: at });
  const next: IslandJobStatus = {
    ...status,
    attempts,
    failure: { attempt: number, ...said, hint: hints[created.outcome], at },
  };
  const reason = refused ? 'Configuration' : 'NameTaken';
  return {
    status: refused ? failed(next, 'Configuration', created.message, now) : next,
    events: [{ type: 'Warning', reason, message: `attempt ${number}: ${created.message}` }],
  };
}
