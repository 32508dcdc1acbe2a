/** The bad answers that a client of an API server meets, by name. */
import type { ServerResponse } from 'node:http';
import { answer } from './wire-server.ts';

export const faults: [name: string, (response: ServerResponse) => boolean][] = [
  ['500', (response) => answer(response, 500, { kind: 'Status', reason: 'InternalError' })],
  ['503 in plain text', (response) => answer(response, 503, 'no healthy upstream')],
  ['429', (response) => answer(response, 429, { kind: 'Status', reason: 'TooManyRequests' }, { 'retry-after': '2' })],
  ['401', (response) => answer(response, 401, { kind: 'Status', reason: 'Unauthorized' })],
  ['403', (response) => answer(response, 403, { kind: 'Status', reason: 'Forbidden' })],
  ['a reset', (response) => Boolean(response.socket?.destroy())],
  [
    'a body cut in the middle of a line',
    (response) =>
      response.writeHead(200).write('{"type":"ADDED","obj') && Boolean(setTimeout(() => response.socket?.destroy(), 5)),
  ],
  ['lines that are not JSON', (response) => answer(response, 200, '<html>login</html>\n')],
];
