// What the payment service reacts to: the terms of an order, the hold on its stock, and everything that cancels it.
import type { Incoming, SubscriptionsTo } from '../platform/messaging/consumer.ts';
import type { Shell } from '../platform/transaction/handle.ts';
import { handledBy } from '../platform/messaging/subscription.ts';
import type { PaymentInput } from './domain/decide.ts';
import type { reactions } from './reactions.ts';
import { paymentHandler } from './store.ts';

export const consumerGroup = 'payment-service-group';

type ReactsTo = Exclude<PaymentInput['type'], 'pay' | 'gateway_answered'>;

/** `askGateway` is called after a commit that has stored a request to the gateway. */
export function subscriptions(shell: Shell, askGateway: () => void): SubscriptionsTo<keyof typeof reactions> {
  const toInput = ({ event, at }: Incoming<ReactsTo>): PaymentInput => ({ ...event, at });
  const onPayment = <T extends ReactsTo>() =>
    handledBy(
      shell,
      paymentHandler,
      (incoming: Incoming<T>): PaymentInput => toInput(incoming),
      ({ request }) => {
        if (request) askGateway();
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
