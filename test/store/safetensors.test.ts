/** Checking safetensors as they stream by, in chunks of any size. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SafetensorsInspector } from '../../src/store/safetensors.ts';

interface Tensor {
  name: string;
  dtype: string;
  shape: number[];
  data: Uint8Array;
}

function safetensors(
  tensors: Tensor[],
  edit: (header: Record<string, unknown>) => unknown = (header) => header,
  pad = 0,
): Buffer {
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  let offset = 0;
  for (const { name, dtype, shape, data } of tensors) {
    header[name] = { dtype, shape, data_offsets: [offset, offset + data.length] };
    offset += data.length;
  }
  const json = Buffer.from(JSON.stringify(edit(header)) + ' '.repeat(pad));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, ...tensors.map(({ data }) => data)]);
}

function inspect(file: Buffer, chunk: number, finite = true): void {
  const inspector = new SafetensorsInspector('model.safetensors', file.length, { finite });
  for (let at = 0; at < file.length; at += chunk) inspector.update(file.subarray(at, at + chunk));
  inspector.end();
}

const bytes = (array: Float32Array | Float64Array | Uint16Array | BigInt64Array) => new Uint8Array(array.buffer);
const f32 = (...values: number[]): Tensor => ({
  name: 'w',
  dtype: 'F32',
  shape: [values.length],
  data: bytes(Float32Array.from(values)),
});
const f64 = (...values: number[]): Tensor => ({
  name: 'd',
  dtype: 'F64',
  shape: [1, values.length],
  data: bytes(Float64Array.from(values)),
});
const half = (dtype: string, ...bits: number[]): Tensor => ({
  name: dtype,
  dtype,
  shape: [bits.length],
  data: bytes(Uint16Array.from(bits)),
});

describe('safetensors', () => {
  const large = Array.from({ length: 1000 }, (_, index) => Math.sin(index) * 10 ** (index % 38));
  const good = [
    f32(...large, 3.4e38, -3.4e38, 1e-45, -0),
    half('F16', 0x7bff, 0xfbff),
    half('BF16', 0x7f7f, 0xff7f),
    f64(1.7e308),
  ];
  const other: Tensor = { name: 'n', dtype: 'I64', shape: [2], data: bytes(BigInt64Array.of(-1n, -1n)) };

  for (const chunk of [1, 2, 3, 7, 64, 4096, 1 << 20]) {
    test(`good values in chunks of ${chunk} bytes pass, at any alignment`, () => {
      for (const pad of [0, 1, 2, 3]) inspect(safetensors([...good, other], undefined, pad), chunk);
    });

    test(`NaN and infinity anywhere are found in chunks of ${chunk} bytes`, () => {
      const bad = [
        f32(...large, Number.NaN),
        f32(Number.NEGATIVE_INFINITY, ...large),
        f64(1, Number.POSITIVE_INFINITY),
        half('F16', 0, 0x7c00),
        half('BF16', 0, 0xffc0),
      ];
      for (const tensor of bad) {
        for (const pad of [0, 1]) {
          const file = safetensors([other, { ...tensor, name: 'bad' }, half('F16', 1)], undefined, pad);
          assert.throws(
            () => inspect(file, chunk),
            /cannot publish model\.safetensors: tensor bad \(.*\) holds NaN or an infinite value/,
          );
          inspect(file, chunk, false);
        }
      }
    });
  }

  test('an empty tensor and a file without tensors are fine', () => {
    inspect(safetensors([{ name: 'e', dtype: 'F32', shape: [0, 4], data: new Uint8Array() }]), 5);
    inspect(safetensors([]), 5);
  });

  const w = (changes: object) => (header: Record<string, unknown>) => ({
    ...header,
    w: { ...(header['w'] as object), ...changes },
  });
  const broken: [string, Buffer, RegExp][] = [
    ['an empty file', Buffer.alloc(0), /ends inside its safetensors header/],
    ['a cut header', safetensors([f32(1)]).subarray(0, 20), /ends inside its safetensors header/],
    ['a cut file', safetensors([f32(1, 2)]).subarray(0, -1), /its safetensors header promises/],
    ['bytes too many', Buffer.concat([safetensors([f32(1)]), Buffer.alloc(1)]), /its safetensors header promises/],
    ['a header of absurd length', Buffer.alloc(64, 0xff), /header would have/],
    [
      'a header that is not JSON',
      Buffer.concat([Buffer.from([4, 0, 0, 0, 0, 0, 0, 0]), Buffer.from('nope')]),
      /not a JSON object/,
    ],
    ['a hole', safetensors([f32(1, 2)], w({ data_offsets: [4, 8], shape: [1] })), /tensor w begins at 4, expected 0/],
    ['a shape of another size', safetensors([f32(1, 2)], w({ shape: [3] })), /tensor w has 8 bytes, its shape asks for 12/],
    ['an unknown dtype', safetensors([f32(1)], w({ dtype: 'F33' })), /unknown dtype F33/],
    [
      'a tensor without offsets',
      safetensors([f32(1)], w({ data_offsets: null })),
      /tensor w has no dtype, shape and data_offsets/,
    ],
  ];
  for (const [what, file, message] of broken) {
    test(`${what} is refused`, () => {
      for (const chunk of [1, 13, 1 << 20]) assert.throws(() => inspect(file, chunk), message);
    });
  }
});
