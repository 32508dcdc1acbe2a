/** The result fits into the termination message whatever it tells, and a final is always in it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type CourierResult, courierResult } from '../../src/api/courier.ts';
import { encodeResult } from '../../src/courier/result.ts';

const key = (name: string) =>
  `atoll/research.a-rather-long-name-of-a-training-run.1a2b3c4d/experts/003/p12a34/${name}/manifest.json`;
const digest = `sha256:${'a'.repeat(64)}`;
const checkpoint = (name: string, final: boolean) => {
  const sizes = { step: 12_345_678, bytes: 123_456_789_012, attempt: 34 };
  return { manifest: key(name), digest, ...sizes, kind: 'Resumable' as const, final, at: '2026-01-01T00:00:00Z' };
};
const full: CourierResult = {
  v: 1,
  reason: 'Published',
  step: 12_345_678,
  resumedFrom: { manifest: key('step-12345678'), digest, step: 12_345_678 },
  skipped: [key('step-1'), key('step-2'), key('step-3'), key('step-4')],
  checkpoint: checkpoint('step-12345678', false),
  final: checkpoint('final', true),
  key: key('step-5'),
  message: 'ü'.repeat(500),
};

describe('the result of a courier', () => {
  test('has at most 1024 bytes, is valid, and keeps the final to the last', () => {
    const text = encodeResult(full);
    assert.ok(Buffer.byteLength(text) <= 1024, `${Buffer.byteLength(text)}`);
    const result = courierResult.parse(JSON.parse(text));
    assert.deepEqual(result.final, full.final);
    assert.equal(result.reason, 'Published');
  });

  test('keeps everything where everything fits', () => {
    const small: CourierResult = { v: 1, reason: 'Restored', step: 1, message: 'fine', skipped: ['a'] };
    assert.deepEqual(JSON.parse(encodeResult(small)), small);
  });

  test('without a final the newest checkpoint is what stays', () => {
    const { final: _, ...rest } = full;
    const result = courierResult.parse(JSON.parse(encodeResult(rest)));
    assert.deepEqual(result.checkpoint, full.checkpoint);
  });
});
