/** The files of the page, read once into memory: what is not among them at the start is never served. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { deepestPage, depthOfPage } from '../view/pages.ts';
import { securityHeaders } from './headers.ts';
import { acceptsGzip } from './reply.ts';

interface Asset {
  type: string;
  bytes: Buffer;
  zipped: Buffer;
  tag: string;
}

/** By path, such as `/main.js`; `/` is index.html. What views get is there by how deep they are. */
export type Assets = ReadonlyMap<string, Asset>;

const pageKey = (depth: number) => `page ${depth}`;

/** The file at a path, or the page when the path is that of a view. */
export function assetAt(assets: Assets, path: string): Asset | undefined {
  const depth = depthOfPage(path);
  return assets.get(depth === undefined ? path : pageKey(depth));
}

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
    assets.set(`/${name}`, assetOf(type, bytes));
    if (name === 'index.html') addPages(assets, type, bytes.toString());
  }
  return assets;
}

function assetOf(type: string, bytes: Buffer): Asset {
  const tag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`;
  return { type, bytes, zipped: gzipSync(bytes, { level: 9 }), tag };
}

/** A view that is opened by its address finds the files of the page upwards from there, under whatever prefix a proxy put them. */
function addPages(assets: Map<string, Asset>, type: string, html: string): void {
  for (let depth = 0; depth < deepestPage; depth += 1) {
    const page = html.replace('<base href="./"', `<base href="${depth === 0 ? './' : '../'.repeat(depth)}"`);
    assets.set(pageKey(depth), assetOf(type, Buffer.from(page)));
  }
  assets.set('/', assetOf(type, Buffer.from(html)));
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
