import { describe, expect, it } from 'vitest';
import { arrive, noCanaries, send, waitingMs, type Canaries } from './canaries.ts';

const sendMany = (count: number): Canaries => {
  let canaries = noCanaries;
  for (let n = 0; n < count; n += 1) canaries = send(canaries, { id: `c${n}`, sentAt: n * 5 });
  return canaries;
};

describe('canaries', () => {
  it('that arrive set the round trip and no longer wait', () => {
    const canaries = arrive(sendMany(1), 'c0', 40);
    expect(canaries).toMatchObject({ lastRoundTripMs: 40, sent: 1, lost: 0, inFlight: [] });
    expect(waitingMs(canaries, 1_000)).toBe(0);
  });

  it('are lost when a later canary arrives first', () => {
    const canaries = arrive(sendMany(4), 'c2', 30);
    expect(canaries).toMatchObject({ lost: 2, lastRoundTripMs: 20 });
    expect(canaries.inFlight).toEqual([{ id: 'c3', sentAt: 15 }]);
    expect(waitingMs(canaries, 45)).toBe(30);
  });

  it('of other senders, and repeated canaries, change nothing', () => {
    const canaries = arrive(sendMany(2), 'c1', 10);
    expect(arrive(canaries, 'c1', 20)).toBe(canaries);
    expect(arrive(canaries, 'stranger', 20)).toBe(canaries);
  });

  it('in a stalled pipeline are limited in number, and the oldest is kept', () => {
    const canaries = sendMany(1_000);
    expect(canaries.inFlight).toHaveLength(24);
    expect(waitingMs(canaries, 10_000)).toBe(10_000);
    expect(arrive(canaries, 'c999', 10_000)).toMatchObject({ inFlight: [], lost: 23 });
  });
});
