import { describe, expect, it } from 'vitest';
import { judge, summarise } from './latency.ts';

const hundred = Array.from({ length: 100 }, (_, index) => index + 1);

describe('latencies', () => {
  it('are told by percentiles, whatever the order they came in', () => {
    expect(summarise('hop', [...hundred].reverse())).toEqual({
      what: 'hop',
      samples: 100,
      p50: 51,
      p90: 91,
      p99: 100,
      max: 100,
    });
  });

  it.each([
    [100, true],
    [99.9, false],
  ])('are held against a bound of %d ms', (p99AtMost, isHeld) => {
    const objective = { what: 'hop', p99AtMost };
    expect(judge([summarise('other', [1]), summarise('hop', hundred)], objective)).toEqual({
      ...objective,
      p99: 100,
      isHeld,
    });
  });

  it('that were not measured hold nothing and break nothing; without a sample nothing is held', () => {
    expect(judge([summarise('other', hundred)], { what: 'hop', p99AtMost: 1 })).toBeUndefined();
    expect(judge([summarise('hop', [])], { what: 'hop', p99AtMost: 1 })).toMatchObject({ isHeld: false });
  });
});
