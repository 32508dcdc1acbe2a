/** The files of the page, read once into memory: what is not among them at the start is never served. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { securityHeaders } from './headers.ts';
import { acceptsGzip } from './reply.ts';

interface Asset {
  type: string;
  bytes: Buffer;
  zipped: Buffer;
  tag: string;
}

/** By path, such as `/main.js`; `/` is index.html. */
export type Assets = ReadonlyMap<string, Asset>;

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.json': 'application/json; charset=utf-8',
};
const mostFiles = 64;
const mostBytes = 8 * 1024 * 1024;

/** Files of one folder, not of those below it. None when it does not exist: then only the API is served. */
export async function readAssets(folder: string): Promise<Assets> {
  const names: string[] = await readdir(folder).catch(() => []);
  const assets = new Map<string, Asset>();
  let size = 0;
  for (const name of names.slice(0, mostFiles)) {
    const type = types[extname(name)];
    if (type === undefined || name.startsWith('.')) continue;
    const bytes = await readFile(join(folder, name));
    size += bytes.length;
    if (size > mostBytes) throw new Error(`cannot serve the page in ${folder}: its files have more than ${mostBytes} bytes`);
    const tag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`;
    const asset = { type, bytes, zipped: gzipSync(bytes, { level: 9 }), tag };
    assets.set(`/${name}`, asset);
    if (name === 'index.html') assets.set('/', asset);
  }
  return assets;
}

export function writeAsset(request: IncomingMessage, response: ServerResponse, asset: Asset): void {
  const zipped = acceptsGzip(request) && asset.zipped.length < asset.bytes.length;
  const headers = {
    ...securityHeaders,
    'cache-control': 'no-cache',
    etag: asset.tag,
    vary: 'accept-encoding',
    'content-type': asset.type,
  };
  if (request.headers['if-none-match'] === asset.tag) {
    response.writeHead(304, headers).end();
    return;
  }
  const bytes = zipped ? asset.zipped : asset.bytes;
  response.writeHead(200, { ...headers, 'content-length': bytes.length, ...(zipped ? { 'content-encoding': 'gzip' } : {}) });
  response.end(request.method === 'HEAD' ? undefined : bytes);
}
