// A payment is a set of independent facts about one order: its terms, the hold on its stock, whether the sale is off, and
// how far charge and refund have come. Terms and hold come from different topics and in either order.
import type { Money, PaymentMode, RefundReason } from '../../../schemas/generated/events.ts';

export interface Terms {
  readonly customerId: string;
  readonly amount: Money;
  readonly mode: PaymentMode;
  readonly method: string;
  /** The provider's token; null leaves the choice to the provider. */
  readonly token: string | null;
}

export interface Payment {
  readonly orderId: string;
  readonly terms: Terms | null;
  /** What is known of the stock; `pinned` means inventory has seen the payment. */
  readonly hold: 'unknown' | 'held' | 'pinned';
  /** Why nothing may be charged any more and what was charged goes back; null while the sale is on. */
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

/** Something to ask of the gateway; persisted with the decision, asked after its commit. */
export interface GatewayRequest {
  readonly kind: 'charge' | 'refund';
  /** One per order and kind, so that however often it is asked, money moves once. */
  readonly idempotencyKey: string;
  readonly amount: Money;
  readonly token: string | null;
  /** The charge to refund. */
  readonly chargeId: string | null;
}

/** A payment and what its last decision wants asked of the gateway. */
export interface PaymentView {
  readonly payment: Payment;
  readonly request: GatewayRequest | null;
}

export type PaymentStatus = 'PENDING' | 'SUCCEEDED' | 'FAILED' | 'UNKNOWN' | 'REFUNDED';

/** The status that clients see. `unresolved`: the gateway was asked and its answer is not known. */
export function paymentStatus(payment: Payment, unresolved: boolean): PaymentStatus {
  if (payment.refund === 'succeeded') return 'REFUNDED';
  if (unresolved) return 'UNKNOWN';
  if (payment.charge === 'succeeded') return 'SUCCEEDED';
  if (payment.charge === 'failed' || (payment.charge === 'none' && payment.closedBy !== null)) {
    return 'FAILED';
  }
  return 'PENDING';
}

/** The payment of an order nothing is known of yet. */
export const unknownPayment = (orderId: string, at: Date): Payment => ({
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
