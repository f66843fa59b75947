// The state of an order decides which event its repair emits again.
import { describe, expect, it } from 'vitest';
import type { Order } from './order.ts';
import { reemit } from './reemit.ts';

const at = new Date('2026-01-01T10:00:00Z');
const item = {
  productId: 'a',
  sellerId: 'seller-1',
  name: 'Thing',
  quantity: 2,
  unitPrice: { amountMinor: 500, currency: 'EUR' },
  fulfilment: 'open' as const,
};
const order: Order = {
  id: 'order-1',
  customerId: 'customer-1',
  items: [item],
  total: { amountMinor: 1_000, currency: 'EUR' },
  reservation: { state: 'pending', expiresAt: null },
  payment: { mode: 'AUTO', method: 'card', token: null, state: 'pending' },
  cancellation: null,
  version: 1,
  createdAt: at,
  updatedAt: at,
};

describe('the repair of an order', () => {
  it('emits order.created for an open order', () => {
    const decision = reemit(order);
    expect(decision).toMatchObject({
      kind: 'accepted',
      state: order,
      events: [
        {
          type: 'order.created',
          data: { orderId: 'order-1', total: order.total, payment: { mode: 'AUTO', method: 'card' } },
        },
      ],
    });
  });

  it('emits order.cancelled for a cancelled order, and never order.created', () => {
    expect(reemit({ ...order, cancellation: 'payment_failed' })).toMatchObject({
      events: [{ type: 'order.cancelled', data: { reason: 'payment_failed' } }],
    });
  });

  it('emits order.fulfilled for a fulfilled order', () => {
    const shipped = { ...order, items: [{ ...item, fulfilment: 'shipped' as const }] };
    expect(reemit(shipped)).toMatchObject({ events: [{ type: 'order.fulfilled' }] });
  });
});
