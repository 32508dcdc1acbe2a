/**
 * What a user asks of one work, as annotations of its owner (ExpertTraining, ExpertDataset): `atoll.dev/retry` and `atoll.dev/move`.
 * Each request names the placement that the work stood at, so it does nothing any more once the work has a newer one.
 */
import type { WorkStatus } from './work.ts';

/** The index of an expert, or the only work of its role. */
export type WorkName = number | 'router' | 'evaluation' | 'partition';

export interface RetryRequest {
  work: WorkName;
  /** Where the work stood when it was asked; 0 before its first placement. */
  placement: number;
  /** Digest of the accepted result that is to be replaced. Without it only a blocked work is retried. */
  replaces?: string | undefined;
}

export interface MoveRequest {
  work: WorkName;
  placement: number;
  /** Where it is to go. Absent: anywhere but where it is. */
  island?: string | undefined;
}

/** What an annotation says; entries that cannot be read ask for nothing. */
export interface Asked<T> {
  requests: T[];
  /** They as they stand there. */
  wrong: string[];
}

export const retryForm =
  'WORK@PLACEMENT, joined by commas, such as 3@2: WORK is the index of an expert, router, evaluation or (on an ExpertDataset) partition, PLACEMENT its status.placement; to replace an accepted result add = and its digest';
export const moveForm =
  'WORK@PLACEMENT=ISLAND, joined by commas, such as 3@2=west: WORK is the index of an expert, router, evaluation or (on an ExpertDataset) partition, PLACEMENT its status.placement, ISLAND where it is to go; without =ISLAND it goes anywhere but where it is';

const at = '(0|[1-9][0-9]{0,2}|router|evaluation|partition)@(0|[1-9][0-9]{0,3})';
/** One entry of each annotation, without what stands around it; no more than RE2, CEL's own, understands. */
export const retryEntry = `${at}(=sha256:[0-9a-f]{64})?`;
export const moveEntry = `${at}(=[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)?`;

/** Longer annotations are not read: 256 experts, a router and an evaluation fit with their digests. */
export const maxRequests = 32 * 1024;

export function readRetry(value: string | undefined): Asked<RetryRequest> {
  return read(value, retryEntry, (asked, digest) => ({ ...asked, ...(digest === undefined ? {} : { replaces: digest }) }));
}

export function readMove(value: string | undefined): Asked<MoveRequest> {
  return read(value, moveEntry, (asked, island) => ({ ...asked, ...(island === undefined ? {} : { island }) }));
}

/** The annotation with this request added: it takes the place of an older one for the same work. */
export function withRetry(value: string | undefined, request: RetryRequest): string {
  return put(readRetry(value).requests, request).map(retryText).join(',');
}

/** The same for a move. */
export function withMove(value: string | undefined, request: MoveRequest): string {
  return put(readMove(value).requests, request).map(moveText).join(',');
}

/** The request to retry a work as it stands now; it replaces the result of one that is accepted. */
export function retryOf(work: WorkName, status: WorkStatus | undefined): RetryRequest {
  const accepted = status?.state === 'Accepted' ? status.accepted?.digest : undefined;
  return { work, placement: status?.placement ?? 0, ...(accepted === undefined ? {} : { replaces: accepted }) };
}

/** The request to move a work from where it stands now. */
export function moveOf(work: WorkName, status: WorkStatus | undefined, island?: string): MoveRequest {
  return { work, placement: status?.placement ?? 0, ...(island === undefined ? {} : { island }) };
}

function read<T>(value: string | undefined, entry: string, make: (asked: RetryRequest, more: string | undefined) => T): Asked<T> {
  const asked: Asked<T> = { requests: [], wrong: [] };
  const text = value?.trim() ?? '';
  if (text.length > maxRequests) return { requests: [], wrong: [`${text.slice(0, 32)}… (${text.length} characters)`] };
  const whole = new RegExp(`^${entry}$`);
  for (const part of text === '' ? [] : text.split(',').map((one) => one.trim())) {
    const [, work = '', placement = '', more] = whole.exec(part) ?? [];
    if (work === '') asked.wrong.push(part);
    else asked.requests.push(make({ work: workName(work), placement: Number(placement) }, more?.slice(1)));
  }
  return asked;
}

function workName(text: string): WorkName {
  return text === 'router' || text === 'evaluation' || text === 'partition' ? text : Number(text);
}

function put<T extends { work: WorkName }>(requests: readonly T[], request: T): T[] {
  return [...requests.filter(({ work }) => work !== request.work), request];
}

function retryText({ work, placement, replaces }: RetryRequest): string {
  return `${work}@${placement}${replaces === undefined ? '' : `=${replaces}`}`;
}

function moveText({ work, placement, island }: MoveRequest): string {
  return `${work}@${placement}${island === undefined ? '' : `=${island}`}`;
}
