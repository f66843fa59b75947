// Each measurement of an order is recorded once, whichever input caused it.
import { describe, expect, it } from 'vitest';
import { measurementsOf } from './measurements.ts';
import type { Order } from './order.ts';

const at = new Date('2026-01-01T10:00:00Z');
const item = {
  productId: 'a',
  sellerId: 'seller-1',
  name: 'Thing',
  quantity: 1,
  unitPrice: { amountMinor: 500, currency: 'EUR' },
  fulfilment: 'open' as const,
};
const pending: Order = {
  id: 'order-1',
  customerId: 'customer-1',
  items: [item],
  total: { amountMinor: 500, currency: 'EUR' },
  reservation: { state: 'pending', expiresAt: null },
  payment: { mode: 'AUTO', method: 'card', token: null, state: 'pending' },
  cancellation: null,
  version: 1,
  createdAt: at,
  updatedAt: at,
};
const charged: Order = { ...pending, payment: { ...pending.payment, state: 'succeeded' } };
const confirmed: Order = { ...pending, reservation: { state: 'reserved', expiresAt: at } };
const paid: Order = { ...charged, reservation: { state: 'reserved', expiresAt: null } };
const fulfilled: Order = { ...paid, items: [{ ...item, fulfilment: 'shipped' }] };
const cancelled = (order: Order): Order => ({ ...order, cancellation: 'customer_cancelled' });

const names = (before: Order | null, after: Order) => measurementsOf(before, after).map(({ name }) => name);

describe('the measurements of an input', () => {
  it.each([
    ['placed', null, pending, ['placed']],
    ['reserved', pending, confirmed, ['confirmed']],
    ['charged, but not pinned', confirmed, { ...confirmed, payment: charged.payment }, []],
    ['paid', confirmed, paid, ['paid', 'settled']],
    ['charged first, then reserved and pinned in one step', charged, paid, ['confirmed', 'paid', 'settled']],
    ['shipped', paid, fulfilled, ['ended']],
    ['cancelled before it was paid', confirmed, cancelled(confirmed), ['settled', 'ended']],
    ['cancelled after it was paid', paid, cancelled(paid), ['ended']],
    ['released after it was cancelled', cancelled(confirmed), cancelled(pending), []],
  ])('count only changes of the status: %s', (_name, before, after, expected) => {
    expect(names(before, after)).toEqual(expected);
  });

  it('have the payment mode, the outcome, the reason and the creation time of the order', () => {
    expect(measurementsOf(pending, cancelled(pending))).toEqual([
      { name: 'settled', labels: { mode: 'AUTO' }, since: at },
      { name: 'ended', labels: { outcome: 'cancelled', reason: 'customer_cancelled' } },
    ]);
  });
});
