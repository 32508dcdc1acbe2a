/** The real API server with Atoll's CRDs and policies, spoken to without a client library so that its own words are seen. */
import assert from 'node:assert/strict';
import { Agent, request } from 'node:https';
import { type ApiServer, startApiServer } from '../../local/apiserver.ts';
import { established } from '../../local/established.ts';
import { kinds } from '../../src/api/kinds.ts';
import { type Json, type KindName, raw } from './builders.ts';

export interface Answer {
  status: number;
  /** The object, or the Status that says why not. */
  body: Json;
  message: string;
}

export type Subresource = '' | '/status';

const plurals = new Map<string, (typeof kinds)[number]>(kinds.map((kind) => [kind.kind, kind]));

export class Api implements AsyncDisposable {
  readonly server: ApiServer;
  readonly #agent: Agent;

  private constructor(server: ApiServer) {
    this.server = server;
    const { ca, certificate, key } = server.credentials;
    this.#agent = new Agent({ keepAlive: true, ca, cert: certificate, key });
  }

  /** Starts the server, applies `crds/` with kubectl and waits until every kind is served and every policy is in force. */
  static async start(): Promise<Api> {
    const api = new Api(await startApiServer());
    await api.server.kubectl(['apply', '--server-side', '-f', new URL('../../crds', import.meta.url).pathname]);
    await established(api.server);
    // Policies act a moment after they are stored: the last one of the file is asked until it refuses.
    await until('the admission policies refuse', async () => {
      const tooLong = { spec: { params: { a: 'x'.repeat(40_000) } } };
      return (await api.create(raw('IslandJob', tooLong), { dryRun: true })).status === 422;
    });
    return api;
  }

  create(object: Json, { dryRun = false } = {}): Promise<Answer> {
    const query = `?fieldValidation=Strict${dryRun ? '&dryRun=All' : ''}`;
    return this.#send('POST', this.#path(object, false) + query, object, 'application/json');
  }

  /** JSON merge patch of an object or its status. */
  patch(object: Json, patch: Json, subresource: Subresource = '', { dryRun = false } = {}): Promise<Answer> {
    const path = `${this.#path(object, true)}${subresource}${dryRun ? '?dryRun=All' : ''}`;
    return this.#send('PATCH', path, patch, 'application/merge-patch+json');
  }

  #path(object: Json, named: boolean): string {
    const kind = plurals.get(object['kind'] as KindName);
    assert.ok(kind);
    const { name } = object['metadata'] as { name: string };
    return `/apis/atoll.dev/v1alpha1/${kind.namespaced ? 'namespaces/default/' : ''}${kind.plural}${named ? `/${name}` : ''}`;
  }

  #send(method: string, path: string, body: Json, contentType: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const call = request(
        new URL(path, this.server.url),
        { method, agent: this.#agent, headers: { 'content-type': contentType } },
        (reply) => {
          const chunks: Buffer[] = [];
          reply.on('data', (chunk: Buffer) => chunks.push(chunk));
          reply.on('error', reject);
          reply.on('end', () => {
            const answer = JSON.parse(Buffer.concat(chunks).toString()) as Json;
            const message = typeof answer['message'] === 'string' ? answer['message'] : '';
            resolve({ status: reply.statusCode ?? 0, body: answer, message });
          });
        },
      );
      call.on('error', reject);
      call.end(JSON.stringify(body));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#agent.destroy();
    await this.server.stop();
  }
}

/** Asks again every 100 ms, for at most 30 s. */
async function until(what: string, check: () => Promise<boolean>): Promise<void> {
  const limit = Date.now() + 30_000;
  while (!(await check())) {
    assert.ok(Date.now() < limit, `not within 30 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
