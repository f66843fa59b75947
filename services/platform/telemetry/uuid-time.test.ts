import { v4, v7 } from 'uuid';
import { describe, expect, it } from 'vitest';
import { timeOfUuid } from './uuid-time.ts';

describe('timeOfUuid', () => {
  it('is the millisecond at which the id was generated', () => {
    const before = Date.now();
    const made = timeOfUuid(v7())?.getTime() ?? NaN;
    expect(made).toBeGreaterThanOrEqual(before);
    expect(made).toBeLessThanOrEqual(Date.now());
    // The example of RFC 9562, appendix A.6.
    expect(timeOfUuid('017F22E2-79B0-7CC3-98C4-DC0C0C07398F')?.toISOString()).toBe(
      '2022-02-22T19:22:22.000Z',
    );
  });

  it('is undefined after the year 9999', () => {
    expect(timeOfUuid('e677d21f-dbff-703b-8000-000000000000')?.toISOString()).toBe(
      '9999-12-31T23:59:59.999Z',
    );
    expect(timeOfUuid('e677d21f-dc00-703b-8000-000000000000')).toBeUndefined();
  });

  it('is undefined for a text that is not a UUIDv7', () => {
    expect([v4(), '', 'order-1', `${v7()}x`].map(timeOfUuid)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});
