/** Asks one courier how far its attempt is, over HTTP with the bearer of that attempt. */
import { type CourierReport, courierReport, type DeletionPermit, mayDeleteHeader } from '../api/courier.ts';

export interface ReportRequest {
  /** `http://<pod IP>:<port>/v1/progress`. */
  readonly url: string;
  readonly token: string;
  /** Told along the way: for how many milliseconds from now the courier may delete old checkpoints. */
  readonly mayDelete: DeletionPermit;
  readonly signal: AbortSignal;
}

/** The body as parsed JSON. Throws when the courier cannot be reached or does not answer 200. */
export type FetchReport = (request: ReportRequest) => Promise<unknown>;

const MAX_BYTES = 64 * 1024;

/** Over the network of the island; redirects are refused and the body is bounded, because a pod is not to be trusted. */
export const fetchReport: FetchReport = async ({ url, token, mayDelete, signal }) => {
  const response = await fetch(url, {
    headers: {
      authorization: `Bearer ${token}`,
      [mayDeleteHeader]: typeof mayDelete === 'number' ? String(Math.floor(mayDelete)) : mayDelete,
    },
    redirect: 'error',
    signal,
  });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`cannot read the progress at ${url}: the courier answered ${response.status}`);
  }
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of response.body ?? []) {
    size += part.byteLength;
    if (size > MAX_BYTES) throw new Error(`cannot read the progress at ${url}: the answer is longer than ${MAX_BYTES} bytes`);
    parts.push(part);
  }
  return JSON.parse(Buffer.concat(parts).toString('utf8'));
};

const RFC3339 = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$/;

/** A pod must not be able to put a time into the status that the API server then refuses: nothing more could be stored. */
export function timesAreValid(parts: readonly ({ readonly at: string } | undefined)[]): boolean {
  return parts.every((part) => part === undefined || (RFC3339.test(part.at) && Number.isFinite(Date.parse(part.at))));
}

/** Undefined when the answer is not a report; whoever sent it is ignored. */
export function readReport(body: unknown): CourierReport | undefined {
  const parsed = courierReport.safeParse(body);
  if (!parsed.success) return undefined;
  const { progress, checkpoint, final, trouble } = parsed.data;
  return timesAreValid([progress, checkpoint, final, trouble]) ? parsed.data : undefined;
}
