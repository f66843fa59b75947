// Repeats the event that states an order's present state, for a repair. Nothing is decided again: a finished order repeats
// its last event, an open order its first.
import type { DomainEvent } from '../../../schemas/generated/events.ts';
import { accepted, type Decision } from '../../platform/transaction/decision/decision.ts';
import { statusOf, type Order } from './order.ts';

/** A cancelled order never repeats order.created, which could reserve stock again. */
export function reemit(
  order: Order,
): Decision<Order, DomainEvent<'order.created' | 'order.cancelled' | 'order.fulfilled'>> {
  const { id: orderId, customerId, items, total, payment } = order;
  if (order.cancellation !== null) {
    const data = { orderId, customerId, reason: order.cancellation };
    return accepted(order, { type: 'order.cancelled', data });
  }
  if (statusOf(order) === 'FULFILLED') {
    return accepted(order, { type: 'order.fulfilled', data: { orderId, customerId } });
  }
  const { mode, method, token } = payment;
  const lines = items.map(({ productId, sellerId, quantity, unitPrice }) => ({
    productId,
    sellerId,
    quantity,
    unitPrice,
  }));
  return accepted(order, {
    type: 'order.created',
    data: { orderId, customerId, items: lines, total, payment: { mode, method, token } },
  });
}
