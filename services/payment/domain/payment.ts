// A payment is a set of independent facts about one order: its terms, the reservation of its stock (hold), whether the payment is
// closed, and the states of charge and refund. Terms and hold come from different topics, so either can arrive first.
import type { Money, PaymentMode, RefundReason } from '../../../schemas/generated/events.ts';

export interface Terms {
  readonly customerId: string;
  readonly amount: Money;
  readonly mode: PaymentMode;
  readonly method: string;
  /** The provider's token of the payment method; null: the provider's default. */
  readonly token: string | null;
}

export interface Payment {
  readonly orderId: string;
  readonly terms: Terms | null;
  /** The reservation of the order's stock. `pinned`: inventory has received payment.succeeded, so the reservation cannot expire. */
  readonly hold: 'unknown' | 'held' | 'pinned';
  /** Why the payment is closed; null while it is open. A closed payment starts no new charge, and an earlier charge is
   *  refunded once it has succeeded. */
  readonly closedBy: RefundReason | null;
  readonly charge: 'none' | 'started' | 'succeeded' | 'failed';
  readonly chargeId: string | null;
  readonly failureCode: string | null;
  readonly refund: 'none' | 'started' | 'succeeded';
  readonly refundId: string | null;
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** A request to the gateway. It is stored in the transaction of the decision and sent after the commit. */
export interface GatewayRequest {
  readonly kind: 'charge' | 'refund';
  /** The same for every repetition of an order's charge or refund, so that money moves only once. */
  readonly idempotencyKey: string;
  readonly amount: Money;
  readonly token: string | null;
  /** The charge to refund. */
  readonly chargeId: string | null;
}

/** A payment and the request to the gateway that the last decision has made. */
export interface PaymentView {
  readonly payment: Payment;
  readonly request: GatewayRequest | null;
}

/** Failure code of an abandoned charge: the payment was closed before the gateway charged. */
export const notAttempted = 'not_attempted';

type PaymentStatus = 'PENDING' | 'SUCCEEDED' | 'FAILED' | 'UNKNOWN' | 'REFUNDED';

/** The status that clients see. `unresolved`: the gateway was called, but the outcome is unknown. */
export function paymentStatus(payment: Payment, unresolved: boolean): PaymentStatus {
  if (payment.refund === 'succeeded') return 'REFUNDED';
  if (unresolved) return 'UNKNOWN';
  if (payment.charge === 'succeeded') return 'SUCCEEDED';
  if (payment.charge === 'failed' || (payment.charge === 'none' && payment.closedBy !== null)) {
    return 'FAILED';
  }
  return 'PENDING';
}

/** The payment of an order before its first event. */
export const newPayment = (orderId: string, at: Date): Payment => ({
  orderId,
  terms: null,
  hold: 'unknown',
  closedBy: null,
  charge: 'none',
  chargeId: null,
  failureCode: null,
  refund: 'none',
  refundId: null,
  version: 0,
  createdAt: at,
  updatedAt: at,
});
