// What the order service would have to say for others to know the present state of an order. Nothing is decided anew: a
// finished order repeats its end, an open one its beginning.
import type { DomainEvent } from '../../../schemas/generated/events.ts';
import { accepted, type Decision } from '../../platform/transaction/decision/decision.ts';
import { statusOf, type Order } from './order.ts';

/** The event that the state implies. A cancelled order never repeats its creation: that could hold stock again. */
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
