// The events that the order service subscribes to. A mistyped or removed event type does not compile.
import type { Incoming, SubscriptionsTo } from '../platform/messaging/consumer.ts';
import type { Shell } from '../platform/transaction/handle.ts';
import { handledBy } from '../platform/messaging/subscription.ts';
import type { OrderEvent } from './domain/decide.ts';
import type { reactions } from './reactions.ts';
import { catalogueHandler, orderHandler, type OrderChange } from './store.ts';

export const consumerGroup = 'order-service-group';

export function subscriptions(shell: Shell): SubscriptionsTo<keyof typeof reactions> {
  const onOrder = handledBy(shell, orderHandler, toChange);
  return {
    'inventory.product_changed': handledBy(
      shell,
      catalogueHandler,
      ({ event }: Incoming<'inventory.product_changed'>) => event,
    ),
    'inventory.reserved': onOrder,
    'inventory.reservation_failed': onOrder,
    'inventory.released': onOrder,
    'inventory.committed': onOrder,
    'payment.succeeded': onOrder,
    'payment.failed': onOrder,
    'payment.refunded': onOrder,
  } satisfies SubscriptionsTo<keyof typeof reactions>;
}

const toChange = ({ event, at }: Incoming<OrderEvent['type']>): OrderChange => ({
  orderId: event.data.orderId,
  input: { ...event, at },
});
