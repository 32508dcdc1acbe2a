/** Signing in and out, and what a page is told about its user. */
import type { IncomingMessage } from 'node:http';
import type { NamespaceRights, SessionView } from '../view/session.ts';
import { type Access, accessOf, type Call, rights } from './call.ts';
import type { Caller } from './caller.ts';
import type { DashboardContext } from './context.ts';
import { csrfOf, dropCookie, longestCookie, setCookie, tokenPattern } from './cookie.ts';
import { one } from './headers.ts';
import { notAllowed, RequestProblem } from './problem.ts';
import { json, type Reply } from './reply.ts';

export function sessionHandlers(context: DashboardContext) {
  const { gatekeeper, model, version, role, links } = context;

  async function viewOf(caller: Caller, access: Access): Promise<SessionView> {
    const namespaces = model.namespaces();
    const [runs, datasets, change, logs, list, changeIslands] = await Promise.all([
      access.among(rights.listRuns, namespaces),
      access.among(rights.listDatasets, namespaces),
      access.among(rights.changeRuns, namespaces),
      access.among(rights.readLogs, namespaces),
      access.may(rights.listIslands),
      access.may(rights.changeIslands),
    ]);
    const rightsIn = (name: string): NamespaceRights => ({
      name,
      runs: runs.has(name),
      datasets: datasets.has(name),
      change: change.has(name),
      logs: logs.has(name),
    });
    const readable = [...namespaces].filter((name) => runs.has(name) || datasets.has(name));
    const { user, groups } = caller.identity;
    return {
      user,
      groups,
      namespaces: readable.toSorted((a, b) => (a < b ? -1 : 1)).map(rightsIn),
      islands: { list, change: changeIslands },
      csrf: caller.byCookie ? csrfOf(caller.token) : '',
      version,
      role,
      links,
    };
  }

  return {
    /** Route signIn. */
    async signIn(request: IncomingMessage, given: string, signal: AbortSignal): Promise<Reply> {
      const token = given.trim();
      // The words are the same whatever is wrong with it.
      if (!tokenPattern.test(token)) throw notAllowed();
      const session = await gatekeeper.signIn(token, signal);
      const identity = session === undefined ? undefined : await gatekeeper.whoIs(session, signal);
      if (session === undefined || !identity) throw notAllowed();
      if (session.length > longestCookie)
        throw new RequestProblem(
          'TooLarge',
          `the token has ${session.length} characters and a cookie at most ${longestCookie}: use a shorter one, such as kubectl create token makes`,
        );
      const caller = { identity, id: JSON.stringify([identity.user, identity.uid]), token: session, byCookie: true };
      const view = await viewOf(caller, accessOf(gatekeeper, caller, signal));
      return json(view, { 'set-cookie': setCookie(session, secure(request)) });
    },
    async signOut({ request }: Call): Promise<Reply> {
      return json({ message: 'Signed out.' }, { 'set-cookie': dropCookie(secure(request)) });
    },
    session: async ({ caller, access }: Call): Promise<Reply> => json(await viewOf(caller, access)),
  };
}

/** Whether the page came over TLS, here or at a proxy that says so. */
function secure({ headers, socket }: IncomingMessage): boolean {
  return 'encrypted' in socket || one(headers['x-forwarded-proto'])?.split(',')[0]?.trim() === 'https';
}
