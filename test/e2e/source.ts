/** A small source of real data: every tenth of the demo's digits, so that a partition takes seconds. */
import { unzipSync, zipSync } from 'fflate';
import { digitsNpz } from '../../local/demo/digits.ts';

const EVERY = 10;

/** The bytes of an `.npz` with 1,000 digits. */
export async function fewDigits(): Promise<Uint8Array> {
  const arrays = Object.entries(unzipSync(await digitsNpz()));
  return zipSync(Object.fromEntries(arrays.map(([name, bytes]) => [name, thinned(bytes)])));
}

/** Every tenth row of a version 1.0 `.npy`: a magic, the length of its header, the header, and the rows one after another. */
function thinned(npy: Uint8Array): Uint8Array {
  const prefix = 10;
  const start = prefix + new DataView(npy.buffer, npy.byteOffset).getUint16(8, true);
  const header = Buffer.from(npy.subarray(prefix, start)).toString('latin1');
  const rows = Number(/'shape': \((\d+),/.exec(header)?.[1]);
  const width = (npy.length - start) / rows;
  const kept = Math.ceil(rows / EVERY);
  const shorter = header.replace(`(${rows},`, `(${kept},`).trimEnd();
  const out = new Uint8Array(start + kept * width);
  out.set(npy.subarray(0, prefix));
  out.set(Buffer.from(`${shorter.padEnd(header.length - 1)}\n`, 'latin1'), prefix);
  for (let row = 0; row < kept; row++) {
    const from = start + row * EVERY * width;
    out.set(npy.subarray(from, from + width), start + row * width);
  }
  return out;
}
