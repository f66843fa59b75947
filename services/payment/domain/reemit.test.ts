// The state of a payment decides which event its repair emits again.
import { describe, expect, it } from 'vitest';
import { newPayment, type Payment } from './payment.ts';
import { reemit } from './reemit.ts';

const amount = { amountMinor: 1_000, currency: 'EUR' };
const payment = (facts: Partial<Payment>): Payment => ({
  ...newPayment('order-1', new Date('2026-01-01T10:00:00Z')),
  terms: { customerId: 'customer-1', amount, mode: 'AUTO', method: 'card', token: null },
  ...facts,
});
const orderId = 'order-1';

describe('the repair of a payment', () => {
  it('emits payment.succeeded for a successful charge', () => {
    expect(reemit(payment({ charge: 'succeeded', chargeId: 'ch_1' }))).toMatchObject({
      events: [{ type: 'payment.succeeded', data: { orderId, amount, chargeId: 'ch_1' } }],
    });
  });

  it('emits payment.failed for a declined charge', () => {
    expect(reemit(payment({ charge: 'failed', failureCode: 'card_declined' }))).toMatchObject({
      events: [{ type: 'payment.failed', data: { orderId, amount, code: 'card_declined' } }],
    });
  });

  it('emits payment.refunded for a refunded charge, and not payment.succeeded', () => {
    const refunded = payment({
      charge: 'succeeded',
      chargeId: 'ch_1',
      refund: 'succeeded',
      refundId: 're_1',
      closedBy: 'order_cancelled',
    });
    expect(reemit(refunded)).toMatchObject({
      events: [{ type: 'payment.refunded', data: { refundId: 're_1', reason: 'order_cancelled' } }],
    });
  });

  it.each([
    ['a payment with unknown terms', { terms: null }],
    ['a payment without a charge', {}],
    ['a charge in progress', { charge: 'started' as const }],
    ['an abandoned charge', { charge: 'failed' as const, failureCode: 'not_attempted' }],
  ])('emits nothing for %s', (_name, facts) => {
    expect(reemit(payment(facts))).toMatchObject({ kind: 'ignored' });
  });
});
