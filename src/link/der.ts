/** Writes ASN.1 in its distinguished encoding: the few types that a certificate is made of. */

function tagged(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(parts);
  const { length } = content;
  if (length < 128) return Buffer.concat([Uint8Array.of(tag, length), content]);
  const digits: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) digits.unshift(rest % 256);
  return Buffer.concat([Uint8Array.of(tag, 128 + digits.length, ...digits), content]);
}

export const sequence = (...parts: readonly Uint8Array[]): Uint8Array => tagged(0x30, ...parts);
export const set = (part: Uint8Array): Uint8Array => tagged(0x31, part);
export const octets = (content: Uint8Array): Uint8Array => tagged(0x04, content);
export const utf8 = (text: string): Uint8Array => tagged(0x0c, Buffer.from(text));
export const yes: Uint8Array = tagged(0x01, Uint8Array.of(0xff));

/** A field by its number, around a whole value. */
export const explicit = (number: number, value: Uint8Array): Uint8Array => tagged(0xa0 + number, value);
/** A field by its number that holds bare content. */
export const implicit = (number: number, content: Uint8Array): Uint8Array => tagged(0x80 + number, content);

/** A whole number that is not negative, from its bytes. */
export function integer(bytes: Uint8Array): Uint8Array {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start++;
  const trimmed = bytes.subarray(start);
  const first = trimmed[0] ?? 0;
  return tagged(0x02, first >= 128 ? Uint8Array.of(0) : new Uint8Array(), trimmed);
}

/** Bits in whole bytes, of which the last `unused` are not there. */
export const bits = (content: Uint8Array, unused = 0): Uint8Array => tagged(0x03, Uint8Array.of(unused), content);

/** An object identifier, such as 2.5.4.3. */
export function identifier(text: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const arc of rest) {
    const groups = [arc % 128];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) groups.unshift(128 + (left % 128));
    bytes.push(...groups);
  }
  return tagged(0x06, Uint8Array.from(bytes));
}

/** A point in time to the second: two digits for the year until 2049, as X.509 asks (RFC 5280, 4.1.2.5). */
export function time(ms: number): Uint8Array {
  const digits = new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, '');
  return digits < '2050' ? tagged(0x17, Buffer.from(digits.slice(2))) : tagged(0x18, Buffer.from(digits));
}
