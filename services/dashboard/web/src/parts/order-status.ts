// The statuses of an order, and the texts for the reasons of a cancellation. Pure.
import type { Invariants, OrderStatus } from '../api/types.ts';

export const orderStatuses: readonly OrderStatus[] = [
  'PENDING',
  'CONFIRMED',
  'PAID',
  'FULFILLED',
  'CANCELLED',
];

export const isOrderStatus = (value: unknown): value is OrderStatus =>
  orderStatuses.some((status) => status === value);

export const cancellationReasons: Readonly<Record<string, string>> = {
  reservation_failed: 'not enough stock',
  payment_failed: 'payment failed',
  reservation_expired: 'not paid in time',
  customer_cancelled: 'by the customer',
};

/** The step of the saga that a stuck order waits for. */
export const waitTexts: Readonly<Record<Invariants['stuck'][number]['waitsFor'], string>> = {
  reservation: 'reservation of its stock',
  payment: 'payment',
  pin: 'reservation without expiry',
  release: 'release of its stock',
  refund: 'refund',
  commit: 'stock booked as shipped',
};

/** A reason without a text is shown as its code, with spaces for underscores. */
export const describeReason = (reason: string): string =>
  cancellationReasons[reason] ?? reason.replaceAll('_', ' ');
