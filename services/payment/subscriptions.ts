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
  const onPayment = <T extends ReactsTo>() =>
    handledBy(
      shell,
      paymentHandler,
      (incoming: Incoming<T>): PaymentInput => toInput(incoming),
      ({ request }) => {
        if (request) wakeGatewayCalls();
      },
    );
  return {
    'order.created': onPayment<'order.created'>(),
    'order.cancelled': onPayment<'order.cancelled'>(),
    'inventory.reserved': onPayment<'inventory.reserved'>(),
    'inventory.reservation_failed': onPayment<'inventory.reservation_failed'>(),
    'inventory.released': onPayment<'inventory.released'>(),
  } satisfies SubscriptionsTo<keyof typeof reactions>;
}
