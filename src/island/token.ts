/** The bearer by which the agent reads one attempt's courier: derived, never stored, and only its hash is in the pod. */
import { createHash, createHmac } from 'node:crypto';

/** HMAC-SHA256(agentKey, "<IslandJob uid>/<attempt>") in lower-case hexadecimal. */
export function attemptToken(agentKey: Uint8Array, islandJobUid: string, attempt: number): string {
  return createHmac('sha256', agentKey).update(`${islandJobUid}/${attempt}`).digest('hex');
}

/** What the courier compares with: SHA-256 of the token's text in lower-case hexadecimal. */
export function tokenSha256(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
