import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fingerprintOf, idempotencyKeyHeader } from './idempotency-http.ts';

const reversed = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, member]) => [key, reversed(member)]),
  );
};

describe('the fingerprint of a body', () => {
  it('does not depend on the sequence of the members of objects', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (body) => {
        expect(fingerprintOf(reversed(body))).toBe(fingerprintOf(body));
      }),
    );
  });

  it('depends on the names and values of members, the types of values and the sequence of lists', () => {
    const bodies = [
      { a: 1, b: 2 },
      { a: 2, b: 1 },
      { a: 1 },
      { a: '1' },
      { a: [1, 2] },
      { a: [2, 1] },
      { a: null },
      {},
      [],
    ];
    expect(new Set(bodies.map(fingerprintOf)).size).toBe(bodies.length);
  });
});

describe('the key', () => {
  const key = idempotencyKeyHeader['idempotency-key'];
  it.each([
    ['abc', 'abc'],
    ['"abc"', 'abc'],
    [undefined, undefined],
  ])('%s is read as %s', (given, read) => {
    expect(key.parse(given)).toBe(read);
  });
  it.each(['', '""', '"abc', 'abc"', 'a b', 'a"b', 'é', 'a'.repeat(256)])('%s is invalid', (given) => {
    expect(key.safeParse(given).success).toBe(false);
  });
});
