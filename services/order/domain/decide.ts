// Decides what each command and each event changes in an order. Every input has an outcome in every state, so no late, repeated
// or concurrent event can block its partition.
import type { CancellationReason, DomainEvent } from '../../../schemas/generated/events.ts';
import { accepted, ignored, rejected, type Decision } from '../../platform/transaction/decision/decision.ts';
import { isPinned, statusOf, type Order, type PaymentState, type ReservationState } from './order.ts';

export type OrderCommand =
  | { readonly type: 'cancel'; readonly customerId: string; readonly at: Date }
  | { readonly type: 'confirm'; readonly sellerId: string; readonly at: Date }
  | { readonly type: 'fulfill'; readonly sellerId: string; readonly at: Date };

type SagaEvent = DomainEvent<
  | 'inventory.reserved'
  | 'inventory.reservation_failed'
  | 'inventory.released'
  | 'inventory.committed'
  | 'payment.succeeded'
  | 'payment.failed'
  | 'payment.refunded'
>;
export type OrderEvent = SagaEvent & { readonly at: Date };
/** An input of the deadline sweep: cancels a PENDING or CONFIRMED order if `deadlineMs` have passed since it was placed. */
interface DeadlineCheck {
  readonly type: 'deadline';
  readonly deadlineMs: number;
  readonly at: Date;
}
export type OrderInput = OrderCommand | OrderEvent | DeadlineCheck;

type Emitted = DomainEvent<'order.cancelled' | 'order.fulfilled'>;
type OrderDecision = Decision<Order, Emitted>;

/** Decides one input of an order. */
export function decide(input: OrderInput, order: Order): OrderDecision {
  const change = (facts: Partial<Order>): Order => ({
    ...order,
    ...facts,
    version: order.version + 1,
    updatedAt: input.at,
  });
  const reservation = (state: ReservationState, expiresAt: Date | null = null): Partial<Order> => ({
    reservation: { state, expiresAt },
  });
  const payment = (state: PaymentState): Partial<Order> => ({ payment: { ...order.payment, state } });

  /** Records the facts, and cancels the order unless it is already cancelled. Rejects if a line is already shipped. */
  const cancelBecause = (reason: CancellationReason, facts: Partial<Order>): OrderDecision => {
    if (order.cancellation !== null) return accepted(change(facts));
    if (order.items.some((item) => item.fulfilment === 'shipped')) {
      return rejected('already_shipped', 'An order can be cancelled only before any of it is shipped.');
    }
    return accepted(change({ ...facts, cancellation: reason }), {
      type: 'order.cancelled',
      data: { orderId: order.id, customerId: order.customerId, reason },
    });
  };

  switch (input.type) {
    case 'inventory.reserved': {
      const { state } = order.reservation;
      const { expiresAt } = input.data;
      if (state === 'pending') return accepted(change(reservation('reserved', expiresAt)));
      if (state !== 'reserved') return ignored(`reservation_already_${state}`);
      const pins = expiresAt === null && order.reservation.expiresAt !== null;
      return pins ? accepted(change(reservation('reserved'))) : ignored('already_reserved');
    }

    case 'inventory.reservation_failed':
      return order.reservation.state === 'pending'
        ? cancelBecause('reservation_failed', reservation('failed'))
        : ignored(`reservation_already_${order.reservation.state}`);

    case 'inventory.released': {
      const { state } = order.reservation;
      if (state !== 'pending' && state !== 'reserved') return ignored(`reservation_already_${state}`);
      switch (input.data.reason) {
        case 'ttl_expired':
          return cancelBecause('reservation_expired', reservation('expired'));
        case 'payment_failed':
          return cancelBecause('payment_failed', reservation('released'));
        case 'order_cancelled':
        case 'unspecified':
          return order.cancellation === null
            ? rejected('released_without_cause', 'Stock was released for an order that is not cancelled.')
            : accepted(change(reservation('released')));
        default:
          return input.data.reason satisfies never;
      }
    }

    case 'inventory.committed':
      if (order.reservation.state === 'committed') return ignored('reservation_already_committed');
      return statusOf(order) === 'FULFILLED'
        ? accepted(change(reservation('committed')))
        : rejected('committed_unshipped', 'Stock left the warehouse for an order that is not fulfilled.');

    case 'payment.succeeded':
      return isOpen(order.payment.state)
        ? accepted(change(payment('succeeded')))
        : ignored(`payment_already_${order.payment.state}`);

    case 'payment.failed':
      return isOpen(order.payment.state)
        ? cancelBecause('payment_failed', payment('failed'))
        : ignored(`payment_already_${order.payment.state}`);

    case 'payment.refunded': {
      const { state } = order.payment;
      if (state === 'refunded' || state === 'failed') return ignored(`payment_already_${state}`);
      // The payment service refunds only after a cancellation or a release of the stock. If the order is not cancelled and its
      // stock is pinned, neither has happened, so this refund has no cause.
      return order.cancellation === null && isPinned(order)
        ? rejected('refunded_without_cause', 'A payment was refunded for an order that is not cancelled.')
        : accepted(change(payment('refunded')));
    }

    case 'cancel':
      // The same response as for a missing order, so that ids cannot be probed.
      if (order.customerId !== input.customerId) return rejected('not_found', 'There is no such order.');
      if (order.cancellation !== null) return ignored('already_cancelled');
      return cancelBecause('customer_cancelled', {});

    case 'confirm':
    case 'fulfill':
      return decideForSeller(input, order, change);

    case 'deadline': {
      const status = statusOf(order);
      // A PAID order waits for its sellers and has no deadline. PENDING and CONFIRMED wait for events that may never come.
      if (status !== 'PENDING' && status !== 'CONFIRMED') return ignored(`already_${status.toLowerCase()}`);
      return input.at.getTime() - order.createdAt.getTime() < input.deadlineMs
        ? ignored('not_due')
        : cancelBecause('reservation_expired', {});
    }

    default:
      return input satisfies never;
  }
}

const isOpen = (state: PaymentState): boolean => state === 'none' || state === 'pending';

function decideForSeller(
  input: Extract<OrderCommand, { type: 'confirm' | 'fulfill' }>,
  order: Order,
  change: (facts: Partial<Order>) => Order,
): OrderDecision {
  const own = order.items.filter((item) => item.sellerId === input.sellerId);
  // The same response as for a missing order, so that ids cannot be probed.
  if (own.length === 0) return rejected('not_found', 'There is no such order.');

  const done = input.type === 'confirm' ? ['confirmed', 'shipped'] : ['shipped'];
  const status = statusOf(order);
  if (status !== 'CANCELLED' && own.every((item) => done.includes(item.fulfilment))) {
    return ignored(input.type === 'confirm' ? 'already_confirmed' : 'already_shipped');
  }
  if (status !== 'PAID') {
    const remedy = status === 'CANCELLED' ? 'Do not ship any of it.' : 'Wait until it is PAID.';
    return rejected('illegal_transition', `An order that is ${status} cannot be ${input.type}ed. ${remedy}`);
  }
  const fulfilment = input.type === 'confirm' ? 'confirmed' : 'shipped';
  const next = change({
    items: order.items.map((item) => (item.sellerId === input.sellerId ? { ...item, fulfilment } : item)),
  });
  return statusOf(next) === 'FULFILLED'
    ? accepted(next, {
        type: 'order.fulfilled',
        data: { orderId: order.id, customerId: order.customerId },
      })
    : accepted(next);
}
