// An order is a set of independent facts; its status is derived from them. Kafka keeps order within one topic only, so
// payment.succeeded may arrive before inventory.reserved: facts make the arrival order irrelevant, a status column that
// moves step by step would not.
import type { CancellationReason, Money, PaymentMode } from '../../../schemas/generated/events.ts';

export type ReservationState = 'pending' | 'reserved' | 'failed' | 'released' | 'expired' | 'committed';
export type PaymentState = 'none' | 'pending' | 'succeeded' | 'failed' | 'refunded';
export type Fulfilment = 'open' | 'confirmed' | 'shipped';
export type OrderStatus = 'PENDING' | 'CONFIRMED' | 'PAID' | 'FULFILLED' | 'CANCELLED';

export interface OrderItem {
  readonly productId: string;
  readonly sellerId: string;
  readonly name: string;
  readonly quantity: number;
  readonly unitPrice: Money;
  readonly fulfilment: Fulfilment;
}

export interface Order {
  readonly id: string;
  readonly customerId: string;
  readonly items: readonly OrderItem[];
  readonly total: Money;
  /** `expiresAt` is null while nothing is held and once the stock is pinned to the paid order. */
  readonly reservation: { readonly state: ReservationState; readonly expiresAt: Date | null };
  readonly payment: {
    readonly mode: PaymentMode;
    readonly method: string;
    readonly token: string | null;
    readonly state: PaymentState;
  };
  /** The first cause that ended the order; once set, the order stays CANCELLED. */
  readonly cancellation: CancellationReason | null;
  /** Counts accepted inputs, from 1. */
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** Paid stock is pinned: inventory said so by reserving without an expiry, so no sweep can take it away any more. */
export const isPinned = ({ reservation }: Order): boolean =>
  reservation.state === 'committed' || (reservation.state === 'reserved' && reservation.expiresAt === null);

/**
 * PAID needs both the money and the pinned stock. An order that was merely paid could still lose its stock to a sweep
 * that ran before inventory saw the payment; a seller must not ship that one.
 */
export function statusOf(order: Order): OrderStatus {
  if (order.cancellation !== null) return 'CANCELLED';
  if (order.items.every((item) => item.fulfilment === 'shipped')) return 'FULFILLED';
  if (order.payment.state === 'succeeded' && isPinned(order)) return 'PAID';
  if (order.reservation.state === 'reserved') return 'CONFIRMED';
  return 'PENDING';
}

/** Nothing leads out of it; entries about stock and money may still follow. */
export const isFinal = (status: OrderStatus): boolean => status === 'CANCELLED' || status === 'FULFILLED';

/** The saga has done what it can without a person: all is over, the sellers are to ship, or the customer is to pay. */
export const isAtRest = (status: OrderStatus, mode: PaymentMode): boolean =>
  isFinal(status) || status === 'PAID' || (status === 'CONFIRMED' && mode === 'MANUAL');
