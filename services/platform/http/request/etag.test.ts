import { describe, expect, it } from 'vitest';
import { etagList, etagOf, versionsIn } from './etag.ts';

describe('an ETag', () => {
  it('is the same only for the same body', () => {
    const body = { id: 'a', reservation: { expiresAt: null }, version: 3 };
    expect(etagOf(3, body)).toBe(etagOf(3, structuredClone(body)));
    expect(etagOf(3, body)).toMatch(/^"v3-[\w-]{16}"$/);
    // Another caller sees other items, and a reservation can change while the version stays the same.
    expect(etagOf(3, { ...body, items: [] })).not.toBe(etagOf(3, body));
    expect(etagOf(3, { ...body, reservation: { expiresAt: '2026-01-01' } })).not.toBe(etagOf(3, body));
  });
});

describe('If-Match', () => {
  it.each([
    [undefined, undefined],
    ['*', undefined],
    ['"v3-abcdefghijklmnop"', [3]],
    ['"v3"', [3]],
    ['"v3-abc", "v4-def"', [3, 4]],
    ['W/"v3-abc"', []],
    ['W/"v3", "v4"', [4]],
    ['"somebody-elses"', []],
    ['"v3x"', []],
    ['""', []],
  ])('with the value %s allows the versions %j', (header, versions) => {
    expect(versionsIn(header)).toEqual(versions);
  });

  it.each(['*', '"v3"', 'W/"v3"', '"a","b"', '"a" , W/"b"', '""'])('is valid with the value %s', (header) => {
    expect(etagList.test(header)).toBe(true);
  });

  it.each(['0', 'v3', '"v3', 'v3"', '"a" "b"', '"a",', ',"a"', '*, "a"', 'w/"a"', '', '"a\tb"'])(
    'is invalid with the value %j',
    (header) => {
      expect(etagList.test(header)).toBe(false);
    },
  );
});
