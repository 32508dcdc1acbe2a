/**
 * What a page can ask for. Each is done with the user's own token against the API server, so its audit log names the user. Types only.
 * Every body is JSON; the page asks for confirmation first.
 */

/** `move`: where to; absent, the hub chooses another island than the present one. */
export interface MoveBody {
  to?: string;
}

/** `approve`: the digest of the partition whose skew is accepted, as it is shown. */
export interface ApproveBody {
  digest: string;
}

/** Answer of every action. */
export interface Done {
  /** What was asked for and what comes next, in a sentence. */
  message: string;
}
