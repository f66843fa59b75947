// An order is a set of independent facts, and its status is derived from them. Kafka guarantees a sequence only within a
// partition, so payment.succeeded may arrive before inventory.reserved. With facts, both sequences lead to the same status.
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
  /** `expiresAt` is null while no stock is reserved, and once the stock is pinned. */
  readonly reservation: { readonly state: ReservationState; readonly expiresAt: Date | null };
  readonly payment: {
    readonly mode: PaymentMode;
    readonly method: string;
    readonly token: string | null;
    readonly state: PaymentState;
  };
  /** The first cause of the cancellation. Never changes once set. */
  readonly cancellation: CancellationReason | null;
  /** 1 for a new order; each accepted input except a repair adds 1. */
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** Whether the stock is pinned. Inventory pins the stock of a paid order: the reservation has no expiry any more. */
export const isPinned = ({ reservation }: Order): boolean =>
  reservation.state === 'committed' || (reservation.state === 'reserved' && reservation.expiresAt === null);

/**
 * PAID needs the payment and the pinned stock. Before the stock is pinned, the expiry sweep can still release it, and a
 * seller must not ship such an order.
 */
export function statusOf(order: Order): OrderStatus {
  if (order.cancellation !== null) return 'CANCELLED';
  if (order.items.every((item) => item.fulfilment === 'shipped')) return 'FULFILLED';
  if (order.payment.state === 'succeeded' && isPinned(order)) return 'PAID';
  if (order.reservation.state === 'reserved') return 'CONFIRMED';
  return 'PENDING';
}

/** Whether the status can never change again. Facts about stock and payment may still follow. */
export const isFinal = (status: OrderStatus): boolean => status === 'CANCELLED' || status === 'FULFILLED';

/** Whether the order has ended or waits for a person: its sellers have to ship, or its customer has to pay. */
export const isStable = (status: OrderStatus, mode: PaymentMode): boolean =>
  isFinal(status) || status === 'PAID' || (status === 'CONFIRMED' && mode === 'MANUAL');
