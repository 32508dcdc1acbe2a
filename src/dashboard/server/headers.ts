/** Headers that every answer carries, and the checks of those that a request brings. Pure. */
import type { IncomingHttpHeaders } from 'node:http';

/** No inline script or style, nothing from elsewhere, no frame around it; pictures may also be made by the page itself. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "form-action 'none'",
  "base-uri 'self'",
  "frame-ancestors 'none'",
].join('; ');

export const securityHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': policy,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=()',
};

/** Whether the page that sends this was loaded from here: `Origin` names the very host that the request was sent to. */
export function sameOrigin(headers: IncomingHttpHeaders): boolean {
  const { origin, host } = headers;
  if (origin === undefined || host === undefined) return false;
  // What a proxy received, when it says so: a page behind it has that origin.
  const hosts = [host, one(headers['x-forwarded-host'])];
  try {
    return hosts.includes(new URL(origin).host);
  } catch {
    return false;
  }
}

/** A browser says where a request comes from; other programs say nothing. */
export function fromElsewhere(headers: IncomingHttpHeaders): boolean {
  const site = one(headers['sec-fetch-site']);
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true;
  return headers.origin !== undefined && !sameOrigin(headers);
}

export function one(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : header?.[0];
}
