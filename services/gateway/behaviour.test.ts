import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { modes, normalBehaviour, outcomeOfCharge, outcomeOfRefund, random, type Mode } from './behaviour.ts';

const behave = (mode: Mode, rate = 1) => ({ ...normalBehaviour, mode, rate, latencyMs: 70 });
const expected = {
  normal: { kind: 'succeed' },
  decline: { kind: 'decline', code: 'card_declined' },
  error: { kind: 'fail' },
  slow: { kind: 'delay', latencyMs: 70 },
  hang: { kind: 'hang' },
  charge_then_drop: { kind: 'execute_then_drop' },
} as const;

describe('a charge', () => {
  it.each(modes)('in the mode %s with tok_success has the outcome of the mode', (mode) => {
    expect(outcomeOfCharge(behave(mode), 'tok_success', 0.5)).toEqual(expected[mode]);
  });

  it.each(
    modes.flatMap((mode) =>
      (
        [
          ['tok_declined', { kind: 'decline', code: 'card_declined' }],
          ['tok_insufficient_funds', { kind: 'decline', code: 'insufficient_funds' }],
          ['tok_error', { kind: 'fail' }],
          ['tok_slow', { kind: 'delay', latencyMs: 70 }],
          ['tok_charge_then_drop', { kind: 'execute_then_drop' }],
          ['tok_of_nobody', { kind: 'decline', code: 'invalid_token' }],
        ] as const
      ).map(([token, outcome]) => [mode, token, outcome] as const),
    ),
  )('in the mode %s with the token %s has the outcome of the token', (mode, token, outcome) => {
    expect(outcomeOfCharge(behave(mode), token, 0)).toEqual(outcome);
  });

  it('is affected by the mode only when the random number is below the rate', () => {
    expect(outcomeOfCharge(behave('error', 0.3), 'tok_success', 0.29)).toEqual({ kind: 'fail' });
    expect(outcomeOfCharge(behave('error', 0.3), 'tok_success', 0.3)).toEqual({ kind: 'succeed' });
    expect(outcomeOfCharge(behave('error', 0), 'tok_success', 0)).toEqual({ kind: 'succeed' });
  });
});

describe('a refund', () => {
  it.each(modes)('in the mode %s has the outcome of the mode, but is never declined', (mode) => {
    const outcome = mode === 'decline' ? { kind: 'succeed' } : expected[mode];
    expect(outcomeOfRefund(behave(mode), 0)).toEqual(outcome);
  });
});

describe('the random numbers', () => {
  it('are the same for the same seed and lie in [0, 1)', () => {
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), fc.nat(1_000_000), (seed, n) => {
        const number = random(seed, n);
        expect(random(seed, n)).toBe(number);
        expect(number).toBeGreaterThanOrEqual(0);
        expect(number).toBeLessThan(1);
      }),
    );
  });

  it.each([0, 1, 2, 42, -7])('of seed %i are below 0.3 in about three of ten cases', (seed) => {
    const share =
      Array.from({ length: 10_000 }, (_, n) => random(seed, n)).filter((number) => number < 0.3).length /
      10_000;
    expect(share).toBeCloseTo(0.3, 1);
  });

  it('differ between seeds', () => {
    const sequence = (seed: number) => Array.from({ length: 5 }, (_, n) => random(seed, n));
    expect(sequence(1)).not.toEqual(sequence(2));
  });
});
