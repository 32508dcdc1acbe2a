/** Every relative link of the documentation leads somewhere, headings included, and every page can be reached from the index. */
import assert from 'node:assert/strict';
import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, it } from 'node:test';
import { checkout } from '../../local/paths.ts';

const docs = (await readdir(join(checkout, 'docs'), { recursive: true }))
  .filter((name) => name.endsWith('.md'))
  .map((name) => `docs/${name}`);
const files = ['README.md', 'local/README.md', 'workloads/README.md', ...docs];
const texts = new Map(
  await Promise.all(files.map(async (file) => [file, await readFile(join(checkout, file), 'utf8')] as const)),
);

interface Link {
  readonly path: string;
  readonly anchor: string | undefined;
}

/** Links and pictures that are not in code, resolved from the root of the repository. */
function linksOf(file: string): Link[] {
  const prose = (texts.get(file) ?? '').replaceAll(/```.*?```/gs, '').replaceAll(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = '']) => {
    if (/^[a-z]+:/.test(target)) return [];
    const [path = '', anchor] = target.split('#');
    return [{ path: path === '' ? file : relative(checkout, resolve(checkout, dirname(file), path)), anchor }];
  });
}

/** Anchors as they are made from headings: lower case, without punctuation, spaces as hyphens. */
function anchorsOf(file: string): Set<string> {
  const prose = (texts.get(file) ?? '').replaceAll(/```.*?```/gs, '');
  const headings = [...prose.matchAll(/^#+ (.*)$/gm)].map(([, text = '']) => text);
  return new Set(
    headings.map((text) =>
      text
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .trim()
        .replaceAll(' ', '-'),
    ),
  );
}

const exists = (path: string) =>
  stat(join(checkout, path)).then(
    () => true,
    () => false,
  );

describe('the documentation', () => {
  for (const file of files)
    it(`${file} links to what exists`, async () => {
      for (const { path, anchor } of linksOf(file)) {
        assert.ok(await exists(path), `${path} does not exist`);
        if (anchor !== undefined && texts.has(path))
          assert.ok(anchorsOf(path).has(anchor), `${path} has no heading for #${anchor}`);
      }
    });

  it('can be reached page by page from docs/README.md', () => {
    const reached = new Set<string>();
    const queue = ['docs/README.md'];
    for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
      if (reached.has(file)) continue;
      reached.add(file);
      queue.push(
        ...linksOf(file)
          .map(({ path }) => path)
          .filter((path) => texts.has(path)),
      );
    }
    assert.deepEqual(
      docs.filter((file) => !reached.has(file)),
      [],
    );
  });
});
