import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Route, type RouteName, routes } from '../../src/dashboard/view/routes.ts';
import { urlOf } from '../../src/dashboard/view/url.ts';

const all = Object.entries(routes) as [RouteName, Route][];
const open = all.filter(([, { rights }]) => rights === 'open').map(([name]) => name);

test('nothing but liveness and the act of signing in is open to everyone', () => {
  assert.deepEqual(open, ['live', 'signIn']);
});

test('every route that names a namespace asks for a right in it', () => {
  const named = all.filter(([, { path }]) => path.includes(':namespace'));
  assert.ok(named.length > 10);
  for (const [name, { rights }] of named)
    assert.ok(
      Array.isArray(rights) && rights.some((right) => (right as { in: string }).in === 'path'),
      `${name} asks for no right in its namespace`,
    );
});

test('every route that changes something of the cluster asks for the right to patch it', () => {
  for (const [name, { method, rights }] of all) {
    if (method !== 'POST' || name === 'signIn') continue;
    assert.ok(Array.isArray(rights) && rights.some((right) => (right as { verb: string }).verb === 'patch'), name);
  }
});

test('no two routes answer the same request', () => {
  const shapes = all.map(([, { method, path }]) => `${method} ${path.replace(/:[a-z]+/g, ':')}`);
  assert.equal(new Set(shapes).size, shapes.length);
});

test('the URL of a route is relative, and what is put into it cannot leave its place', () => {
  assert.equal(urlOf('run', { namespace: 'research', run: 'digits' }), 'api/namespaces/research/runs/digits');
  assert.equal(
    urlOf('run', { namespace: '../..', run: 'a/b?c#d' }, {}, 'http://localhost/x/'),
    'http://localhost/x/api/namespaces/..%2F../runs/a%2Fb%3Fc%23d',
  );
  assert.equal(urlOf('runs', {}, { q: '<b>&', offset: 0, state: undefined }), 'api/runs?q=%3Cb%3E%26&offset=0');
  assert.throws(() => urlOf('run', { namespace: 'research' }), /cannot make the URL of run: run is missing/);
});
