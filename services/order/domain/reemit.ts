// Emits the event of an order's current state again, for a repair. Nothing is decided again: for a finished order the last
// event is repeated, for an open order the first.
import type { DomainEvent } from '../../../schemas/generated/events.ts';
import { accepted, type Decision } from '../../platform/transaction/decision/decision.ts';
import { statusOf, type Order } from './order.ts';

/** For a cancelled order, order.created is never repeated: it could reserve stock for that order. */
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
