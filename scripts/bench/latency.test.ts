import { describe, expect, it } from 'vitest';
import { judge, summarise } from './latency.ts';

const hundred = Array.from({ length: 100 }, (_, index) => index + 1);

describe('latencies', () => {
  it('are summarised as percentiles, in whatever sequence they were measured', () => {
    expect(summarise('hop', [...hundred].reverse())).toEqual({
      name: 'hop',
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
  ])('are compared with a limit of %d ms for the p99', (p99AtMost, isMet) => {
    const objective = { name: 'hop', p99AtMost };
    expect(judge([summarise('other', [1]), summarise('hop', hundred)], objective)).toEqual({
      ...objective,
      p99: 100,
      isMet,
    });
  });

  it('have no verdict if none has the name of the objective; without samples the objective is not met', () => {
    expect(judge([summarise('other', hundred)], { name: 'hop', p99AtMost: 1 })).toBeUndefined();
    expect(judge([summarise('hop', [])], { name: 'hop', p99AtMost: 1 })).toMatchObject({ isMet: false });
  });
});
