/**
 * Checks a safetensors file while its bytes stream by: the header, and that no value is NaN or infinite.
 * Format: https://huggingface.co/docs/safetensors (eight bytes of header length, JSON header, data without holes).
 */
import { z } from 'zod';
import { InvalidCheckpointError, NonFiniteWeightsError } from './errors.ts';
import type { Inspector } from './object-store.ts';

const PREFIX = 8;
/** The format allows 100 MB; a real header is a few hundred kilobytes, and it has to fit into the courier's memory. */
const MAX_HEADER = 16 * 1024 * 1024;

const bytesOf: Readonly<Record<string, number>> = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E5M2: 1,
  F8_E4M3: 1,
  F8_E8M0: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  F64: 8,
  I64: 8,
  U64: 8,
};

/** Of the last two bytes of a float: the bits that are all set in NaN and infinity, and in nothing else. */
const exponent: Readonly<Record<string, number>> = { F16: 0x7c00, BF16: 0x7f80, F32: 0x7f80, F64: 0x7ff0 };

const tensor = z.object({
  dtype: z.string(),
  shape: z.array(z.int().min(0)),
  data_offsets: z.tuple([z.int().min(0), z.int().min(0)]),
});
const header = z.record(z.string(), z.unknown());

interface Tensor {
  name: string;
  dtype: string;
  begin: number;
  end: number;
}

/** `finite`: also refuse NaN and infinity in tensors of F16, BF16, F32 and F64. Memory: the header and one element. */
export class SafetensorsInspector implements Inspector {
  readonly #path: string;
  readonly #size: number;
  readonly #finite: boolean;
  #head: Buffer = Buffer.alloc(0);
  #tensors: Tensor[] | undefined;
  #current = 0;
  /** Bytes of the data section seen so far. */
  #offset = 0;
  /** First bytes of an element that the next chunk completes. */
  #carry: Buffer = Buffer.alloc(0);

  constructor(path: string, size: number, options: { finite: boolean }) {
    this.#path = path;
    this.#size = size;
    this.#finite = options.finite;
  }

  update(chunk: Uint8Array): void {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    const data = this.#tensors === undefined ? this.#readHeader(bytes) : bytes;
    if (this.#finite && this.#tensors !== undefined && data.length > 0) this.#scan(data, this.#tensors);
  }

  end(): void {
    if (this.#tensors === undefined) throw this.#invalid('it ends inside its safetensors header');
  }

  #invalid(what: string, cause?: unknown): InvalidCheckpointError {
    return new InvalidCheckpointError(this.#path, what, cause === undefined ? undefined : { cause });
  }

  /** Gathers bytes until the header is whole; returns those that belong to the data. */
  #readHeader(bytes: Buffer): Buffer {
    const wanted = this.#head.length < PREFIX ? PREFIX : PREFIX + this.#headerLength();
    const taken = bytes.subarray(0, wanted - this.#head.length);
    this.#head = Buffer.concat([this.#head, taken]);
    const rest = bytes.subarray(taken.length);
    if (this.#head.length < wanted) return rest;
    if (wanted === PREFIX) return this.#readHeader(rest);
    this.#tensors = this.#parse(this.#head.subarray(PREFIX));
    this.#head = Buffer.alloc(0);
    return rest;
  }

  #headerLength(): number {
    const length = this.#head.readBigUInt64LE(0);
    if (length > BigInt(MAX_HEADER) || length < 2n) throw this.#invalid(`its safetensors header would have ${length} bytes`);
    return Number(length);
  }

  #parse(json: Buffer): Tensor[] {
    let entries: [string, unknown][];
    try {
      entries = Object.entries(header.parse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json))));
    } catch (cause) {
      throw this.#invalid('its safetensors header is not a JSON object', cause);
    }
    const tensors = entries
      .filter(([name]) => name !== '__metadata__')
      .map(([name, value]) => this.#tensor(name, value))
      .toSorted((a, b) => a.begin - b.begin || a.end - b.end);
    let at = 0;
    for (const { name, begin, end } of tensors) {
      if (begin !== at) throw this.#invalid(`tensor ${name} begins at ${begin}, expected ${at}`);
      at = end;
    }
    const expected = PREFIX + json.length + at;
    if (expected !== this.#size) throw this.#invalid(`it has ${this.#size} bytes, its safetensors header promises ${expected}`);
    return tensors;
  }

  #tensor(name: string, value: unknown): Tensor {
    const parsed = tensor.safeParse(value);
    if (!parsed.success) throw this.#invalid(`tensor ${name} has no dtype, shape and data_offsets`, parsed.error);
    const { dtype, shape, data_offsets: offsets } = parsed.data;
    const [begin, end] = offsets;
    const size = bytesOf[dtype];
    if (size === undefined) throw this.#invalid(`tensor ${name} has the unknown dtype ${dtype}`);
    const expected = shape.reduce((product, extent) => product * extent, size);
    if (end - begin !== expected) throw this.#invalid(`tensor ${name} has ${end - begin} bytes, its shape asks for ${expected}`);
    return { name, dtype, begin, end };
  }

  #scan(data: Buffer, tensors: Tensor[]): void {
    const start = this.#offset;
    const stop = start + data.length;
    for (let entry = tensors[this.#current]; entry !== undefined && entry.begin < stop; entry = tensors[this.#current]) {
      this.#scanTensor(entry, data.subarray(Math.max(entry.begin - start, 0), Math.min(entry.end, stop) - start));
      if (entry.end > stop) break;
      this.#current += 1;
    }
    this.#offset = stop;
  }

  /** `piece`: the next bytes of this tensor. */
  #scanTensor(entry: Tensor, piece: Buffer): void {
    const mask = exponent[entry.dtype];
    const size = bytesOf[entry.dtype] ?? 1;
    if (mask === undefined) return;
    let rest = piece;
    if (this.#carry.length > 0) {
      const missing = size - this.#carry.length;
      this.#carry = Buffer.concat([this.#carry, rest.subarray(0, missing)]);
      rest = rest.subarray(missing);
      if (this.#carry.length < size) return;
      this.#expectFinite(entry, mask, size, this.#carry);
      this.#carry = Buffer.alloc(0);
    }
    const whole = rest.length - (rest.length % size);
    this.#expectFinite(entry, mask, size, rest.subarray(0, whole));
    if (whole < rest.length) this.#carry = Buffer.from(rest.subarray(whole));
  }

  #expectFinite({ name, dtype }: Tensor, mask: number, size: number, elements: Buffer): void {
    const aligned = elements.byteOffset % 2 === 0 ? elements : Buffer.from(Uint8Array.from(elements).buffer);
    const words = new Uint16Array(aligned.buffer, aligned.byteOffset, aligned.length >> 1);
    const stride = size >> 1;
    for (let index = stride - 1; index < words.length; index += stride) {
      if (((words[index] as number) & mask) === mask)
        throw new NonFiniteWeightsError(this.#path, `tensor ${name} (${dtype}) holds NaN or an infinite value`);
    }
  }
}
