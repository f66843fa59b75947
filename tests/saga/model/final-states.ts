// Which status of an order may follow which, and which final states fit the history of an order.
import type { PaymentMode } from '../../../schemas/generated/events.ts';
import type { OrderStatus } from '../../../services/order/domain/order.ts';

/** The statuses that may follow each status. A status may follow itself: not every input changes it. */
export const allowedNext: Readonly<Record<OrderStatus, readonly OrderStatus[]>> = {
  PENDING: ['PENDING', 'CONFIRMED', 'PAID', 'CANCELLED'],
  CONFIRMED: ['CONFIRMED', 'PAID', 'CANCELLED'],
  PAID: ['PAID', 'FULFILLED', 'CANCELLED'],
  FULFILLED: ['FULFILLED'],
  CANCELLED: ['CANCELLED'],
};

/** The commands, timers and answers of the provider that took effect on one order. */
export interface OrderHistory {
  readonly mode: PaymentMode;
  readonly sellers: ReadonlySet<string>;
  /** Sellers that shipped their lines. */
  readonly shippedBy: ReadonlySet<string>;
  /** The customer cancelled it. */
  readonly cancelled: boolean;
  /** The customer paid it (MANUAL mode). */
  readonly paid: boolean;
  /** The provider declined the card. */
  readonly declined: boolean;
  /** Its reservation or its deadline expired before it was PAID. */
  readonly late: boolean;
}
interface FinalState {
  readonly status: OrderStatus;
  readonly reason: string | null;
}

/** Why this final state contradicts the history of the order; undefined if it fits. */
export function contradiction(history: OrderHistory, { status, reason }: FinalState): string | undefined {
  const { mode, sellers, shippedBy, cancelled, paid, declined, late } = history;
  const wrong: Readonly<Record<string, boolean>> = {
    'that is not a final status': status === 'PENDING' || status === 'CONFIRMED',
    'customer_cancelled is the reason exactly when the customer cancelled it':
      cancelled !== (reason === 'customer_cancelled'),
    'no card was declined': reason === 'payment_failed' && !declined,
    'nothing expired': reason === 'reservation_expired' && !late,
    'its card was declined': declined && status !== 'CANCELLED',
    'nobody paid for it': mode === 'MANUAL' && !paid && (status === 'PAID' || status === 'FULFILLED'),
    'part of it is shipped': shippedBy.size > 0 && status === 'CANCELLED',
    'an order is FULFILLED exactly when all its sellers have shipped':
      (status === 'FULFILLED') !== [...sellers].every((seller) => shippedBy.has(seller)),
  };
  return Object.entries(wrong).find(([, isWrong]) => isWrong)?.[0];
}
