/** The disk of simulated pods: what product code uses of node:fs/promises, in memory, with every call answered at once and in order. */
import { constants as real } from 'node:fs';
import { dirname } from 'node:path';

interface Entry {
  /** Undefined for a folder. */
  data: Buffer | undefined;
  inode: number;
}

const entries = new Map<string, Entry>();
/** Folders in which nothing more can be written. */
const full = new Set<string>();
let inodes = 1;

export const constants = real;

function failure(code: string, call: string, path: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: ${call} '${path}'`), { code });
}

function entry(call: string, path: string): Entry {
  const found = entries.get(path);
  if (!found) throw failure('ENOENT', call, path);
  return found;
}

function fileOf(call: string, path: string): Buffer {
  const { data } = entry(call, path);
  if (data === undefined) throw failure('EISDIR', call, path);
  return data;
}

function needSpace(call: string, path: string): void {
  for (const folder of full) if (path.startsWith(folder)) throw failure('ENOSPC', call, path);
}

function put(path: string, data: Buffer | undefined): void {
  const old = entries.get(path);
  if (old) old.data = data;
  else entries.set(path, { data, inode: inodes++ });
}

function makeFolders(path: string): void {
  for (let at = path; at !== '/' && !entries.has(at); at = dirname(at)) put(at, undefined);
}

const bytes = (data: string | Uint8Array) => (typeof data === 'string' ? Buffer.from(data) : Buffer.from(data));

const statOf = ({ data, inode }: Entry) => ({
  isFile: () => data !== undefined,
  isDirectory: () => data === undefined,
  size: data?.length ?? 0,
  ino: inode,
});

export function readFile(path: string): Promise<Buffer>;
export function readFile(path: string, encoding: 'utf8'): Promise<string>;
export async function readFile(path: string, encoding?: 'utf8'): Promise<Buffer | string> {
  const data = fileOf('open', path);
  return encoding === undefined ? Buffer.from(data) : data.toString(encoding);
}

export async function writeFile(path: string, data: string | Uint8Array): Promise<void> {
  needSpace('write', path);
  entry('open', dirname(path));
  put(path, bytes(data));
}

export async function mkdir(path: string): Promise<void> {
  makeFolders(path);
}

export async function chmod(path: string): Promise<void> {
  entry('chmod', path);
}

export async function rename(from: string, to: string): Promise<void> {
  entry('rename', from);
  disks.move(from, to);
}

/** A file, or a folder with all that is in it. */
function forget(path: string): void {
  const inside = `${path}/`;
  for (const found of entries.keys()) if (found === path || found.startsWith(inside)) entries.delete(found);
}

export async function rm(path: string, how: { recursive?: boolean; force?: boolean } = {}): Promise<void> {
  if (!how.force) entry('rm', path);
  forget(path);
}

export async function readdir(path: string): Promise<string[]>;
export async function readdir(
  path: string,
  how: { withFileTypes: true },
): Promise<{ name: string; isFile(): boolean; isDirectory(): boolean }[]>;
export async function readdir(path: string, how?: { withFileTypes: true }): Promise<unknown[]> {
  entry('scandir', path);
  const folder = `${path}/`;
  const inside = [...entries.keys()].filter((found) => found.startsWith(folder) && !found.includes('/', folder.length));
  return inside
    .map((found) => ({ ...statOf(entry('stat', found)), name: found.slice(folder.length) }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((each) => (how === undefined ? each.name : each));
}

export async function stat(path: string): Promise<ReturnType<typeof statOf>> {
  return statOf(entry('stat', path));
}
export const lstat = stat;

export async function access(path: string): Promise<void> {
  entry('access', path);
}

/** A handle keeps its file even when another takes its name. */
export async function open(path: string, flags: string | number = 'r', _mode?: number) {
  const create = typeof flags === 'number' ? (flags & real.O_CREAT) !== 0 : flags !== 'r';
  if (create && !entries.has(path)) {
    needSpace('open', path);
    put(path, Buffer.alloc(0));
  }
  const held = entry('open', path);
  return {
    stat: async () => statOf(held),
    async read(buffer: Buffer, offset: number, length: number, position: number) {
      const part = (held.data ?? Buffer.alloc(0)).subarray(position, position + length);
      part.copy(buffer, offset);
      return { bytesRead: part.length };
    },
    async write(buffer: Buffer, offset: number, length: number, position: number) {
      needSpace('write', path);
      const old = held.data ?? Buffer.alloc(0);
      const next = Buffer.alloc(Math.max(old.length, position + length));
      old.copy(next);
      buffer.copy(next, position, offset, offset + length);
      held.data = next;
    },
    async truncate(size: number) {
      held.data = (held.data ?? Buffer.alloc(0)).subarray(0, size);
    },
    close: async () => undefined,
  };
}

/** What the world does with disks, at once. */
export const disks = {
  /** Begins anew with nothing on any disk. */
  reset(): void {
    entries.clear();
    full.clear();
    inodes = 1;
  },
  remove(folder: string): void {
    forget(folder);
    full.delete(folder);
  },
  /** Undefined when there is no such file. */
  read: (path: string): string | undefined => entries.get(path)?.data?.toString('utf8'),
  /** Throws ENOSPC on a full disk. */
  write(path: string, data: string): void {
    needSpace('write', path);
    makeFolders(dirname(path));
    put(path, Buffer.from(data));
  },
  append(path: string, data: string): void {
    disks.write(path, (disks.read(path) ?? '') + data);
  },
  move(from: string, to: string): void {
    for (const [path, found] of entries) {
      if (path !== from && !path.startsWith(`${from}/`)) continue;
      entries.delete(path);
      entries.set(`${to}${path.slice(from.length)}`, found);
    }
  },
  has: (path: string): boolean => entries.has(path),
  fill: (folder: string): void => void full.add(folder),
  free: (folder: string): void => void full.delete(folder),
};
