import { describe, expect, it } from 'vitest';
import { encodeCursor } from './cursor.ts';
import { z } from 'zod';
import { instant, positionIn } from './shapes.ts';

describe('an instant', () => {
  it.each(['0001-01-01T00:00:00Z', '2026-05-04T03:02:01.5+02:00', '9999-12-31T23:59:59Z'])(
    '%s is valid',
    (text) => {
      expect(instant.safeParse(text).success).toBe(true);
    },
  );

  // PostgreSQL has no year 0, and an offset can lead out of the years with four digits.
  it.each(['0000-12-31T23:59:59Z', '0001-01-01T00:00:00+01:00', '9999-12-31T23:59:59-01:00', 'yesterday'])(
    '%s is invalid',
    (text) => {
      expect(instant.safeParse(text).success).toBe(false);
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
    ['of another list', encodeCursor('ceramic-mug')],
    ['with an instant that cannot be compared', encodeCursor('0000-01-01T00:00:00.000Z', id)],
    ['that is none', 'nonsense'],
  ])('%s is refused', (_what, cursor) => {
    expect(() => positionIn(cursor, position)).toThrow(expect.objectContaining({ status: 422 }));
  });
});
