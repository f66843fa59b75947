// The events that the inventory service subscribes to. A mistyped or removed event type does not compile.
import type { Incoming, SubscriptionsTo } from '../platform/messaging/consumer.ts';
import type { Shell } from '../platform/transaction/handle.ts';
import { handledBy } from '../platform/messaging/subscription.ts';
import type { ReservationInput } from './domain/reservation.ts';
import type { reactions } from './reactions.ts';
import { reservationHandler } from './store.ts';

export const consumerGroup = 'inventory-service-group';

type ReactsTo = Exclude<ReservationInput['type'], 'expire'>;

export function subscriptions(shell: Shell, ttlMs: number): SubscriptionsTo<keyof typeof reactions> {
  const toInput = ({ event, at }: Incoming<ReactsTo>): ReservationInput => ({ ...event, at, ttlMs });
  const onReservation = handledBy(shell, reservationHandler, toInput);
  return {
    'order.created': onReservation,
    'order.cancelled': onReservation,
    'order.fulfilled': onReservation,
    'payment.succeeded': onReservation,
    'payment.failed': onReservation,
  } satisfies SubscriptionsTo<keyof typeof reactions>;
}
