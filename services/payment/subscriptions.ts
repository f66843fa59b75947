// The events that the payment service subscribes to. A mistyped or removed event type does not compile.
import type { Incoming, SubscriptionsTo } from '../platform/messaging/consumer.ts';
import type { Shell } from '../platform/transaction/handle.ts';
import { handledBy } from '../platform/messaging/subscription.ts';
import type { PaymentInput } from './domain/decide.ts';
import type { reactions } from './reactions.ts';
import { paymentHandler } from './store.ts';

export const consumerGroup = 'payment-service-group';

type ReactsTo = Exclude<PaymentInput['type'], 'pay' | 'gateway_answered'>;

/** `wakeGatewayCalls` is called after a commit that stored a request to the gateway. */
export function subscriptions(
  shell: Shell,
  wakeGatewayCalls: () => void,
): SubscriptionsTo<keyof typeof reactions> {
  const toInput = ({ event, at }: Incoming<ReactsTo>): PaymentInput => ({ ...event, at });
  const onPayment = handledBy(shell, paymentHandler, toInput, ({ request }) => {
    if (request) wakeGatewayCalls();
  });
  return {
    'order.created': onPayment,
    'order.cancelled': onPayment,
    'inventory.reserved': onPayment,
    'inventory.reservation_failed': onPayment,
    'inventory.released': onPayment,
  } satisfies SubscriptionsTo<keyof typeof reactions>;
}
