import { describe, expect, it } from 'vitest';
import { arrive, noCanaries, send, waitingMs, type Canaries } from './canaries.ts';

const sent = (count: number): Canaries => {
  let canaries = noCanaries;
  for (let n = 0; n < count; n += 1) canaries = send(canaries, { id: `c${n}`, sentAt: n * 5 });
  return canaries;
};

describe('canaries', () => {
  it('that arrive tell how long they took, and nothing waits any more', () => {
    const canaries = arrive(sent(1), 'c0', 40);
    expect(canaries).toMatchObject({ lastRoundTripMs: 40, sent: 1, lost: 0, underWay: [] });
    expect(waitingMs(canaries, 1_000)).toBe(0);
  });

  it('that were overtaken are lost, since one partition keeps their order', () => {
    const canaries = arrive(sent(4), 'c2', 30);
    expect(canaries).toMatchObject({ lost: 2, lastRoundTripMs: 20 });
    expect(canaries.underWay).toEqual([{ id: 'c3', sentAt: 15 }]);
    expect(waitingMs(canaries, 45)).toBe(30);
  });

  it('of somebody else, and those that come twice, change nothing', () => {
    const canaries = arrive(sent(2), 'c1', 10);
    expect(arrive(canaries, 'c1', 20)).toBe(canaries);
    expect(arrive(canaries, 'stranger', 20)).toBe(canaries);
  });

  it('in a pipeline that stands still are few, and the first of them says since when', () => {
    const canaries = sent(1_000);
    expect(canaries.underWay).toHaveLength(24);
    expect(waitingMs(canaries, 10_000)).toBe(10_000);
    expect(arrive(canaries, 'c999', 10_000)).toMatchObject({ underWay: [], lost: 23 });
  });
});
