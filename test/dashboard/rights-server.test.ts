/** Every route for every kind of user, against a real API server: what is not allowed is refused, by default and without a hint. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { cookieName, csrfOf } from '../../src/dashboard/server/cookie.ts';
import { csrfHeader, type Right, type Route, type RouteName, routes } from '../../src/dashboard/view/routes.ts';
import type { SessionView } from '../../src/dashboard/view/session.ts';
import { urlOf } from '../../src/dashboard/view/url.ts';
import { type ApiWorld, type Principal, principals, readTraining, startApiWorld } from './api-world.ts';

let world: ApiWorld;
before(async () => {
  world = await startApiWorld();
});
after(async () => {
  await world?.stop();
});

/** What the roles of the chart give, written down once more: the API server has to agree with this and with the table of routes. */
const rightsOf: Partial<
  Record<Principal, { namespaces: readonly string[]; change: boolean; islands: 'none' | 'list' | 'change' }>
> = {
  stranger: { namespaces: [], change: false, islands: 'none' },
  reader: { namespaces: ['research'], change: false, islands: 'none' },
  editor: { namespaces: ['research'], change: true, islands: 'none' },
  everywhere: { namespaces: ['research', 'vision'], change: false, islands: 'list' },
  admin: { namespaces: ['research', 'vision'], change: true, islands: 'change' },
};

function holds(principal: Principal, { verb, resource, in: where }: Right, namespace: string): boolean {
  const may = rightsOf[principal];
  if (!may) return false;
  if (where === 'cluster') return verb === 'patch' ? may.islands === 'change' : may.islands !== 'none';
  if (where === 'each') return true;
  if (resource !== 'computeislands' && !may.namespaces.includes(namespace)) return false;
  return verb === 'patch' ? may.change : true;
}

/** `allowed`, or the status that everybody gets who is not. */
function expected(principal: Principal, { rights }: Route, namespace: string): 'allowed' | 401 | 403 {
  if (rights === 'open') return 'allowed';
  if (!(principal in rightsOf)) return 401;
  if (rights === 'signedIn') return 'allowed';
  return rights.every((right) => holds(principal, right, namespace)) ? 'allowed' : 403;
}

const parts = (namespace: string, run = 'digits') => ({
  namespace,
  run,
  dataset: 'digits',
  work: 'router',
  island: 'west',
  index: '0',
});
const historyParts = (namespace: string) => parts(namespace, 'digits.01234567');

function ask(name: RouteName, token: string | undefined, path: object, init: RequestInit = {}): Promise<Response> {
  const { method } = routes[name];
  return fetch(urlOf(name, path as Record<string, string>, {}, world.url), {
    method,
    ...init,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(init.headers as Record<string, string>),
    },
  });
}

const all = (Object.entries(routes) as [RouteName, Route][]).filter(([name]) => name !== 'signIn');

describe('every route', () => {
  for (const principal of principals)
    for (const namespace of ['research', 'vision'])
      it(`answers ${principal} about ${namespace} as the rights say`, async () => {
        const wrong: string[] = [];
        for (const [name, route] of all) {
          const path = name.startsWith('history') ? historyParts(namespace) : parts(namespace);
          const response = await ask(name, world.tokens[principal], path);
          await response.body?.cancel();
          const { status } = response;
          const wanted = expected(principal, route, namespace);
          const refused = status === 401 || status === 403;
          if (wanted === 'allowed' ? refused || status >= 500 : status !== wanted)
            wrong.push(`${name}: ${status}, not ${wanted}`);
        }
        assert.deepEqual(wrong, []);
      });

  it('that is not in the table is not there, whoever asks', async () => {
    for (const token of [undefined, world.tokens.admin])
      for (const path of ['api', 'api/secrets', 'api/namespaces/research', 'metrics', 'readyz', 'api/runs/', 'api//runs']) {
        const response = await fetch(
          world.url + path,
          token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } },
        );
        assert.equal(response.status, 404, path);
        await response.body?.cancel();
      }
    const wrongVerb = await fetch(`${world.url}api/runs`, { method: 'DELETE' });
    assert.equal(wrongVerb.status, 400);
    assert.equal(wrongVerb.headers.get('allow'), 'GET');
  });
});

describe('a user of one namespace', () => {
  const body = async (response: Response) => await response.json();

  it('gets the same refusal for what exists elsewhere and for what does not', async () => {
    for (const name of ['run', 'dataset', 'work', 'lineage', 'suspend'] as const) {
      const there = await ask(name, world.tokens.reader, parts('vision'));
      const nowhere = await ask(name, world.tokens.reader, { ...parts('nowhere'), run: 'nothing', dataset: 'nothing' });
      assert.deepEqual([there.status, await body(there)], [nowhere.status, await body(nowhere)], name);
      assert.equal(there.status, 403);
    }
  });

  it('sees rows of that namespace alone, and only its name among the namespaces', async () => {
    const runs = (await body(await ask('runs', world.tokens.reader, {}))) as { rows: { id: string }[]; total: number };
    assert.deepEqual([runs.rows.map(({ id }) => id), runs.total], [['research/digits'], 1]);
    const asked = await fetch(`${world.url}api/runs?namespace=vision`, {
      headers: { authorization: `Bearer ${world.tokens.reader}` },
    });
    assert.deepEqual(await asked.json(), { rows: [], total: 0 });
    const session = (await body(await ask('session', world.tokens.reader, {}))) as SessionView;
    assert.deepEqual(session.namespaces, [{ name: 'research', runs: true, datasets: true, change: false, logs: true }]);
    assert.deepEqual(session.islands, { list: false, change: false });
    assert.equal(session.user, 'system:serviceaccount:research:reader');
  });

  it('gets a stream with rows of that namespace alone', async () => {
    const response = await fetch(`${world.url}api/stream?works=all&run=vision/digits`, {
      headers: { authorization: `Bearer ${world.tokens.reader}`, 'accept-encoding': 'identity' },
    });
    assert.equal(response.headers.get('content-type'), 'text/event-stream; charset=utf-8');
    const reader = response.body?.getReader();
    let text = '';
    while (!text.includes('event: beat')) text += Buffer.from((await reader?.read())?.value ?? []).toString();
    await reader?.cancel();
    assert.match(text, /research\/digits/);
    assert.doesNotMatch(text, /vision|west/);
  });
});

describe('what changes something', () => {
  it('is done with the token of the user, whom the audit log of the API server names', async () => {
    const seen = (await world.server.audit()).length;
    const response = await ask('suspend', world.tokens.editor, parts('research'));
    assert.equal(response.status, 200, await response.text());
    assert.equal((await readTraining(world, 'research'))?.spec.suspend, true);
    const events = (await world.server.audit()).slice(seen);
    const patches = events.filter(({ verb, objectRef }) => verb === 'patch' && objectRef?.resource === 'experttrainings');
    assert.deepEqual([...new Set(patches.map(({ user }) => user.username))], ['system:serviceaccount:research:editor']);
    await (await ask('resume', world.tokens.editor, parts('research'))).body?.cancel();
    assert.equal((await readTraining(world, 'research'))?.spec.suspend, false);
  });

  it('asks for a move by the annotation that the hub reads, and refuses a name that is none', async () => {
    const move = (to: string) =>
      ask('move', world.tokens.editor, parts('research'), {
        body: JSON.stringify({ to }),
        headers: { 'content-type': 'application/json' },
      });
    assert.equal((await move('west')).status, 200);
    assert.equal((await readTraining(world, 'research'))?.metadata.annotations?.['atoll.dev/move'], 'router@0=west');
    const wrong = await move('<b>');
    assert.deepEqual([wrong.status, ((await wrong.json()) as { field: string }).field], [400, 'to']);
  });

  it('refuses to retry what is neither blocked nor accepted', async () => {
    const response = await ask('retry', world.tokens.editor, parts('research'));
    assert.equal(response.status, 422);
    assert.match(((await response.json()) as { message: string }).message, /cannot retry the router: it is Waiting/);
  });

  it('cordons an island for its administrator', async () => {
    assert.equal((await ask('cordon', world.tokens.admin, parts('research'))).status, 200);
    const view = (await (await ask('island', world.tokens.admin, parts('research'))).json()) as { row: { name: string } };
    assert.equal(view.row.name, 'west');
    assert.equal((await ask('uncordon', world.tokens.admin, parts('research'))).status, 200);
  });
});

describe('a session by cookie', () => {
  const signIn = (token: string, headers: Record<string, string> = {}) =>
    fetch(`${world.url}api/session`, {
      method: 'POST',
      body: JSON.stringify({ token }),
      headers: { 'content-type': 'application/json', ...headers },
    });
  const withCookie = (headers: Record<string, string>) =>
    fetch(`${world.url}${urlOf('suspend', parts('research'))}`, {
      method: 'POST',
      headers: { cookie: `${cookieName}=${world.tokens.editor}`, ...headers },
    });

  it('begins with a token that the API server knows, in a cookie that no script reads and no other site sends', async () => {
    const response = await signIn(world.tokens.editor ?? '');
    assert.equal(response.status, 200);
    const cookie = response.headers.get('set-cookie') ?? '';
    assert.match(cookie, /^atoll-token=.+; HttpOnly; SameSite=Strict$/);
    assert.equal(((await response.json()) as SessionView).csrf, csrfOf(world.tokens.editor ?? ''));
    const secure = await signIn(world.tokens.editor ?? '', { 'x-forwarded-proto': 'https' });
    assert.match(secure.headers.get('set-cookie') ?? '', /; Secure$/);
  });

  it('does not begin for anyone else, nor for a page from elsewhere', async () => {
    for (const principal of ['nonsense', 'expired', 'foreign', 'deleted'] as const)
      assert.equal((await signIn(world.tokens[principal] ?? '')).status, 403, principal);
    assert.equal((await signIn(world.tokens.editor ?? '', { origin: 'https://evil.example.org' })).status, 403);
  });

  it('changes something for its own page only: the origin and the word of the session have to be right', async () => {
    const origin = new URL(world.url).origin;
    const csrf = csrfOf(world.tokens.editor ?? '');
    const refused: Record<string, string>[] = [
      {},
      { origin },
      { [csrfHeader]: csrf },
      { origin, [csrfHeader]: `${csrf}x` },
      { origin: 'https://evil.example.org', [csrfHeader]: csrf },
      { origin: 'null', [csrfHeader]: csrf },
      { origin, [csrfHeader]: csrf, 'sec-fetch-site': 'cross-site' },
      { origin, [csrfHeader]: csrfOf('another token') },
    ];
    for (const headers of refused) assert.equal((await withCookie(headers)).status, 403, JSON.stringify(headers));
    assert.equal((await readTraining(world, 'research'))?.spec.suspend, false);
    assert.equal((await withCookie({ origin, [csrfHeader]: csrf })).status, 200);
    assert.equal((await readTraining(world, 'research'))?.spec.suspend, true);
  });

  it('ends with an empty cookie', async () => {
    const origin = new URL(world.url).origin;
    const headers = { cookie: `${cookieName}=${world.tokens.editor}`, origin, [csrfHeader]: csrfOf(world.tokens.editor ?? '') };
    const response = await fetch(`${world.url}api/session`, { method: 'DELETE', headers });
    assert.match(response.headers.get('set-cookie') ?? '', /^atoll-token=; .*Max-Age=0$/);
  });
});

describe('every answer', () => {
  it('forbids frames, inline script and guessing of types, and is kept by nobody', async () => {
    for (const [path, token] of [
      ['livez', undefined],
      ['api/session', undefined],
      ['api/runs', world.tokens.reader],
    ] as const) {
      const { headers } = await fetch(
        world.url + path,
        token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } },
      );
      const policy = headers.get('content-security-policy') ?? '';
      assert.match(policy, /default-src 'none'/);
      assert.match(policy, /frame-ancestors 'none'/);
      assert.doesNotMatch(policy, /unsafe/);
      assert.equal(headers.get('x-content-type-options'), 'nosniff');
      assert.equal(headers.get('cache-control'), 'no-store');
    }
  });

  it('to a wrong query is 400 and names the field, without what was given', async () => {
    const cases: [string, string][] = [
      ['api/runs?limit=0', 'limit'],
      ['api/runs?limit=9999', 'limit'],
      ['api/runs?limit=ten', 'limit'],
      ['api/runs?offset=-1', 'offset'],
      ['api/runs?sort=name;drop', 'sort'],
      ['api/runs?namespace=../kube-system', 'namespace'],
      ['api/runs?namespace=a&namespace=b', 'namespace'],
      ['api/runs?<script>=1', 'query'],
      [`api/runs?q=${'x'.repeat(300)}`, 'q'],
      ['api/runs?q=%00', 'q'],
      ['api/stream?run=research', 'run'],
      ['api/stream?works=some', 'works'],
      ['api/namespaces/research/runs/digits/works/expert-1', 'work'],
      ['api/namespaces/RESEARCH/runs/digits', 'namespace'],
      ['api/namespaces/research/runs/..%2Fx', 'run'],
      ['api/namespaces/research/runs/digits/works/router/log?tail=1e9', 'tail'],
      ['api/namespaces/research/runs/digits/works/router/log?container=sh', 'container'],
      ['api/namespaces/research/runs/digits/works/router/log?attempt=1', 'attempt'],
      ['api/namespaces/research/history?prefix=../', 'prefix'],
    ];
    for (const [path, field] of cases) {
      const response = await fetch(world.url + path, { headers: { authorization: `Bearer ${world.tokens.reader}` } });
      const problem = (await response.json()) as { code: string; field: string; message: string };
      assert.deepEqual([response.status, problem.code, problem.field], [400, 'BadRequest', field], path);
      assert.doesNotMatch(problem.message, /script|drop|kube-system/);
    }
  });

  it('to a body that is too large, of another type or with unknown fields is a refusal', async () => {
    const post = (body: string, type = 'application/json') =>
      ask('move', world.tokens.editor, parts('research'), { body, headers: { 'content-type': type } });
    assert.equal((await post(`{"to":"${'x'.repeat(20_000)}"}`)).status, 413);
    assert.equal((await post('{"to":"west"}', 'text/plain')).status, 400);
    assert.equal((await post('{"too":"west"}')).status, 400);
    assert.equal((await post('["to"]')).status, 400);
    assert.equal((await post('{"to":{"a":1}}')).status, 400);
  });
});
