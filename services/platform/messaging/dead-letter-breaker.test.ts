import { beforeEach, describe, expect, it } from 'vitest';
import { createDeadLetterBreaker, type DeadLetterBreaker } from './dead-letter-breaker.ts';

let breaker: DeadLetterBreaker;
beforeEach(() => {
  breaker = createDeadLetterBreaker({ limit: 10, probeEveryMs: 1_000 });
});
const handle = (count: number): void => {
  for (let index = 0; index < count; index += 1) breaker.handled('normal');
};
/** Fails records as a consumer would, and returns how many of them became dead letters. */
const fail = (count: number): number => {
  let parked = 0;
  for (let index = 0; index < count; index += 1) {
    if (breaker.failed('normal', 0) === 'dead_letter') parked += 1;
  }
  return parked;
};

describe('the dead-letter breaker', () => {
  it('never opens for single failures', () => {
    for (let round = 0; round < 100; round += 1) {
      handle(2);
      expect(fail(1)).toBe(1);
    }
    expect(breaker.halted(0)).toBeUndefined();
  });

  it('admits nine consecutive dead letters and halts at the tenth', () => {
    expect(fail(30)).toBe(9);
    expect(breaker.halted(0)).toContain('9 of the last 9 records');
  });

  it('halts when ten of the last twenty records would become dead letters; older records do not count', () => {
    handle(100);
    expect(fail(9)).toBe(9);
    handle(10);
    expect(fail(1)).toBe(0);

    breaker = createDeadLetterBreaker({ limit: 10, probeEveryMs: 1_000 });
    expect(fail(9)).toBe(9);
    handle(11);
    expect(fail(1)).toBe(1);
  });

  it('does not count a redelivered record that is a dead letter already', () => {
    for (let round = 0; round < 30; round += 1) {
      expect(fail(1)).toBe(1);
      breaker.uncount();
    }
    expect(fail(30)).toBe(9);
  });

  it('admits nothing for a second after it opens, then one probe at a time', () => {
    fail(10);
    expect(breaker.admit('a', 999)).toBeUndefined();
    expect(breaker.admit('a', 1_000)).toBe('probe');
    expect(breaker.admit('b', 1_000)).toBeUndefined();
  });

  it('waits again after a failed probe, and admits the probe of another partition first', () => {
    fail(10);
    expect(breaker.admit('a', 1_000)).toBe('probe');
    expect(breaker.failed('probe', 1_500)).toBe('halt');
    expect(breaker.admit('b', 2_499)).toBeUndefined();
    expect(breaker.admit('a', 2_500)).toBeUndefined();
    expect(breaker.admit('b', 2_500)).toBe('probe');
    breaker.failed('probe', 2_500);
    expect(breaker.admit('b', 4_500)).toBe('probe');
  });

  it('closes when a probe is handled; opens at the next failure unless most recent records were handled', () => {
    fail(10);
    breaker.admit('a', 1_000);
    expect(breaker.handled('probe')).toBe(true);
    expect(breaker.halted(1_000)).toBeUndefined();
    expect(breaker.admit('b', 1_000)).toBe('normal');
    expect(fail(1)).toBe(0);

    expect(breaker.admit('a', 999)).toBeUndefined();
    expect(breaker.admit('b', 1_000)).toBe('probe');
    breaker.handled('probe');
    handle(15);
    expect(fail(1)).toBe(1);
  });

  it('is not closed by a record that was under way when it opened, nor by an abandoned attempt', () => {
    fail(10);
    expect(breaker.handled('normal')).toBe(false);
    expect(breaker.halted(0)).toBeDefined();
    breaker.admit('a', 1_000);
    breaker.abandoned('probe');
    expect(breaker.halted(1_000)).toBeDefined();
    expect(breaker.admit('b', 1_000)).toBe('probe');
  });
});
