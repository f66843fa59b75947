// The allowed transitions between the statuses of an order, and the final states that are possible after the history of an order.
import type { PaymentMode } from '../../../schemas/generated/events.ts';
import type { OrderStatus } from '../../../services/order/domain/order.ts';

/** The statuses that may follow each status. A status may follow itself, because not every input changes the status. */
export const allowedTransitions: Readonly<Record<OrderStatus, readonly OrderStatus[]>> = {
  PENDING: ['PENDING', 'CONFIRMED', 'PAID', 'CANCELLED'],
  CONFIRMED: ['CONFIRMED', 'PAID', 'CANCELLED'],
  PAID: ['PAID', 'FULFILLED', 'CANCELLED'],
  FULFILLED: ['FULFILLED'],
  CANCELLED: ['CANCELLED'],
};

/** The commands, the timers and the payment provider's responses that took effect on one order. */
export interface OrderHistory {
  readonly mode: PaymentMode;
  readonly sellers: ReadonlySet<string>;
  /** The sellers that have shipped their lines. */
  readonly shippedBy: ReadonlySet<string>;
  /** Whether the customer cancelled the order. */
  readonly cancelled: boolean;
  /** Whether the customer paid the order (MANUAL mode). */
  readonly paid: boolean;
  /** Whether the payment provider declined the card. */
  readonly declined: boolean;
  /** Whether the reservation or the deadline expired before the order was PAID. */
  readonly expired: boolean;
}
interface FinalState {
  readonly status: OrderStatus;
  readonly reason: string | null;
}

/** Why this final state is impossible after the history of the order; undefined if it is possible. */
export function contradiction(history: OrderHistory, { status, reason }: FinalState): string | undefined {
  const { mode, sellers, shippedBy, cancelled, paid, declined, expired } = history;
  const contradictions: Readonly<Record<string, boolean>> = {
    'this is not a final status': status === 'PENDING' || status === 'CONFIRMED',
    'customer_cancelled is the reason if and only if the customer cancelled the order':
      cancelled !== (reason === 'customer_cancelled'),
    'no card was declined': reason === 'payment_failed' && !declined,
    'neither the reservation nor the deadline expired': reason === 'reservation_expired' && !expired,
    'its card was declined': declined && status !== 'CANCELLED',
    'the customer did not pay for the order':
      mode === 'MANUAL' && !paid && (status === 'PAID' || status === 'FULFILLED'),
    'part of the order is shipped': shippedBy.size > 0 && status === 'CANCELLED',
    'an order is FULFILLED if and only if all its sellers have shipped':
      (status === 'FULFILLED') !== [...sellers].every((seller) => shippedBy.has(seller)),
  };
  return Object.entries(contradictions).find(([, applies]) => applies)?.[0];
}
