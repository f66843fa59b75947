import { describe, expect, it } from 'vitest';
import { encodeCursor } from './cursor.ts';
import { z } from 'zod';
import { instant, integerIn, positionIn } from './shapes.ts';

describe('an instant', () => {
  it.each(['0001-01-01T00:00:00Z', '2026-05-04T03:02:01.5+02:00', '9999-12-31T23:59:59Z'])(
    '%s is valid',
    (text) => {
      expect(instant.safeParse(text).success).toBe(true);
    },
  );

  // PostgreSQL has no year 0, and with its offset an instant can fall outside the years 1 to 9999 in UTC.
  it.each(['0000-12-31T23:59:59Z', '0001-01-01T00:00:00+01:00', '9999-12-31T23:59:59-01:00', 'yesterday'])(
    '%s is invalid',
    (text) => {
      expect(instant.safeParse(text).success).toBe(false);
    },
  );
});

describe('an integer in a URL', () => {
  it.each([
    ['1', 1],
    ['007', 7],
    ['100', 100],
  ])('can be %s', (text, value) => {
    expect(integerIn(1, 100).safeParse(text).data).toBe(value);
  });

  it.each(['', ' ', '0', '101', '-1', '1.5', '1e1', '0x10', '٣', 'ten', '9'.repeat(400)])(
    'cannot be "%s"',
    (text) => {
      expect(integerIn(1, 100).safeParse(text).success).toBe(false);
    },
  );
});

describe('the position inside a cursor', () => {
  const position = z.tuple([instant, z.uuid()]);
  const id = '0198c0de-0000-7000-8000-000000000001';

  it('is the position that was encoded', () => {
    expect(positionIn(encodeCursor('2026-01-01T00:00:00.000Z', id), position)).toEqual([
      '2026-01-01T00:00:00.000Z',
      id,
    ]);
    expect(positionIn(undefined, position)).toBeUndefined();
  });

  it.each([
    ['a cursor of another list', encodeCursor('ceramic-mug')],
    ['a cursor with an instant that PostgreSQL cannot read', encodeCursor('0000-01-01T00:00:00.000Z', id)],
    ['a text that is no cursor', 'nonsense'],
  ])('cannot be read from %s', (_what, cursor) => {
    expect(() => positionIn(cursor, position)).toThrow(expect.objectContaining({ status: 422 }));
  });
});
