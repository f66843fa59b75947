// The tests check which call a request needs, and what each result means for the payment.
import { describe, expect, it } from 'vitest';
import { answerOf, gatewayCallFor, type GatewayResult } from './gateway-call.ts';

describe('the call for a request', () => {
  it.each([
    ['charge', false, 1, 'charge'],
    ['charge', false, 2, 'charge'],
    ['charge', true, 1, 'nothing'],
    ['charge', true, 2, 'look_up'],
    ['refund', true, 1, 'refund'],
    ['refund', true, 2, 'refund'],
  ] as const)('of kind %s (payment closed: %s, lease %i) is %s', (kind, isClosed, attempts, call) => {
    expect(gatewayCallFor({ kind, isClosed, attempts })).toBe(call);
  });
});

describe('the result of a call', () => {
  const results = {
    succeeded: { kind: 'succeeded', gatewayId: 'id_1' },
    refused: { kind: 'refused', code: 'no' },
    absent: { kind: 'absent' },
    inProgress: { kind: 'in_progress' },
    unknown: { kind: 'unknown', error: 'reset', timedOut: false },
  } satisfies Record<string, GatewayResult>;

  it('settles a charge only if the result is definite', () => {
    expect(answerOf('charge', results.succeeded)).toMatchObject({ outcome: 'succeeded', gatewayId: 'id_1' });
    expect(answerOf('charge', results.refused)).toMatchObject({ outcome: 'declined', code: 'no' });
    expect(answerOf('charge', results.absent)).toMatchObject({ outcome: 'abandoned' });
    expect(answerOf('charge', results.inProgress)).toBe('the gateway is still processing the request');
    expect(answerOf('charge', results.unknown)).toBe('reset');
  });
  it('settles a refund only if it succeeded', () => {
    expect(answerOf('refund', results.succeeded)).toMatchObject({ kind: 'refund', outcome: 'succeeded' });
    expect(answerOf('refund', results.refused)).toBe('the gateway refused the refund: no');
    expect(answerOf('refund', results.absent)).toBe('the gateway has no such refund');
    expect(answerOf('refund', results.unknown)).toBe('reset');
  });
});
