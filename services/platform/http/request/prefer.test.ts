import { describe, expect, it } from 'vitest';
import { preferenceOf, preferredWait } from './prefer.ts';

describe('Prefer', () => {
  it.each([
    ['wait=5', '5'],
    ['Wait = 5', '5'],
    ['wait="5"', '5'],
    ['respond-async, wait=5', '5'],
    ['wait=5, wait=7', '5'],
    ['wait=5; because="a, b"', '5'],
    ['foo="a, wait=9", wait=5', '5'],
    ['foo="say \\"wait=9\\", now",wait=5', '5'],
    ['<nonsense>, wait=5', '5'],
    ['return=minimal; wait=9, wait=5', '5'],
    ['wait', ''],
    ['', undefined],
    ['waiter=5', undefined],
    ['foo="wait=5', undefined],
    ['wait=5 6', undefined],
  ])('%s: the value of wait is %j', (header, value) => {
    expect(preferenceOf(header, 'wait')).toBe(value);
  });

  it.each([
    ['wait=5', 5],
    ['wait=0', 0],
    ['wait=11', 10],
    [`wait=${'9'.repeat(30)}`, 10],
    ['wait', undefined],
    ['wait=soon', undefined],
    ['wait=-1', undefined],
    ['wait=1.5', undefined],
    ['wait="5', undefined],
    [undefined, undefined],
  ])(
    '%s: the wait is %s seconds, at most ten, and undefined when the value is malformed',
    (header, seconds) => {
      expect(preferredWait(header, 10)).toBe(seconds);
    },
  );

  it('is parsed in linear time, whatever the input', () => {
    const startedAt = performance.now();
    for (const unit of ['"', '",', 'a"', '\\"', ';', ' ', 'a=', 'a '])
      preferenceOf(unit.repeat(8_000), 'wait');
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });
});
