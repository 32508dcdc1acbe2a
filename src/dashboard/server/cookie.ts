/** The cookie of a session: it holds the bearer token itself, so that every replica of the server understands it. Pure. */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

export const cookieName = 'atoll-token';
/** Browsers refuse larger cookies. */
export const longestCookie = 3900;

/**
 * Scripts cannot read it, other sites cannot make a browser send it. Without a path it belongs to the folder of the route that sets it,
 * whatever prefix a proxy puts in front.
 */
export function setCookie(token: string, secure: boolean): string {
  return `${cookieName}=${token}; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`;
}

export function dropCookie(secure: boolean): string {
  return `${setCookie('', secure)}; Max-Age=0`;
}

/** Undefined when there is no such cookie. */
export function tokenOfCookie(header: string | undefined): string | undefined {
  for (const part of header?.split(';') ?? []) {
    const [name, ...value] = part.trim().split('=');
    if (name === cookieName && value.join('=') !== '') return value.join('=');
  }
  return undefined;
}

export function tokenOfBearer(header: string | undefined): string | undefined {
  return /^Bearer ([A-Za-z0-9._~+/-]{1,8192}=*)$/i.exec(header ?? '')?.[1];
}

/** What may stand in a cookie without quotes, and in a header. */
export const tokenPattern = /^[A-Za-z0-9._~+/=-]{8,8192}$/;

/** Known to whoever holds the token and to pages of this origin that were told, and made anew by any replica. */
export function csrfOf(token: string): string {
  return createHmac('sha256', token).update('atoll dashboard: csrf').digest('base64url');
}

export function csrfMatches(token: string, given: string | undefined): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return given !== undefined && timingSafeEqual(digest(csrfOf(token)), digest(given));
}
