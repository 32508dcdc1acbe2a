/** Sorts test files into stages by what they start, which their imports tell: nothing, single servers, or whole clusters. */
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { type ImageName, imageNames } from '../../local/images.ts';
import { checkout } from '../../local/paths.ts';

export interface Stage {
  name: 'unit' | 'servers' | 'clusters';
  about: string;
  /** Files that run at the same time. */
  concurrency: number;
  files: string[];
  /** Images that a file of it names. */
  images: ImageName[];
}

const servers = ['local/apiserver.ts', 'local/object-storage.ts', 'local/nats.ts', 'local/binaries.ts', 'local/promtool.ts'];
const clusters = ['local/cluster.ts', 'local/up.ts', 'local/main.ts', 'local/demo.ts', 'local/images.ts'];

/** The test files whose path holds one of the patterns (all without any), quick ones first. */
export async function stages(patterns: readonly string[]): Promise<Stage[]> {
  const entries = await readdir(join(checkout, 'test'), { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.test.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => patterns.length === 0 || patterns.some((pattern) => file.slice(checkout.length + 1).includes(pattern)))
    .toSorted((a, b) => a.localeCompare(b));
  const all: Stage[] = [
    { name: 'unit', about: 'nothing but this process', concurrency: 2, files: [], images: [] },
    { name: 'servers', about: 'real API servers, object stores and NATS servers', concurrency: 2, files: [], images: [] },
    { name: 'clusters', about: 'real clusters', concurrency: 1, files: [], images: [] },
  ];
  for (const file of files) {
    const { paths, text } = await closure(file);
    const name = clusters.some((one) => paths.has(join(checkout, one)))
      ? 'clusters'
      : servers.some((one) => paths.has(join(checkout, one)))
        ? 'servers'
        : 'unit';
    const stage = all.find((one) => one.name === name);
    stage?.files.push(file);
    for (const image of imageNames) if (text.includes(`'${image}'`) && !stage?.images.includes(image)) stage?.images.push(image);
  }
  return all.filter((stage) => stage.files.length > 0);
}

/** The file and everything of this repository that it imports for its values, with the text of what lies in `test`. */
async function closure(file: string): Promise<{ paths: Set<string>; text: string }> {
  const paths = new Set<string>();
  const queue = [file];
  let text = '';
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (paths.has(path)) continue;
    paths.add(path);
    const source = await readFile(path, 'utf8').catch(() => '');
    if (path.startsWith(join(checkout, 'test'))) text += source;
    // What a server or cluster is made of says nothing about its user.
    if (servers.concat(clusters).some((one) => path === join(checkout, one))) continue;
    for (const [, type, specifier = ''] of source.matchAll(
      /(?:^|\n)\s*(?:import|export)\s+(type\s)?[^'"]*?from\s+['"](\.[^'"]+)['"]/g,
    )) {
      if (!type) queue.push(resolve(dirname(path), specifier));
    }
    for (const [, specifier = ''] of source.matchAll(/import\(\s*['"](\.[^'"]+)['"]\s*\)/g))
      queue.push(resolve(dirname(path), specifier));
    // Programs are started by their path.
    for (const [, started = ''] of source.matchAll(/['"`](local\/[a-z/-]+\.ts)['"`]/g)) queue.push(join(checkout, started));
  }
  return { paths, text };
}
