// Describes for the dashboard what the order service does with each event. The type of subscriptions.ts requires a handler
// for each of these events and for no other.
import type { EventType } from '../../schemas/generated/events.ts';

export const reactions = {
  'inventory.product_changed': 'Copies the catalogue entry, which sets the price of new orders.',
  'inventory.reserved': 'Confirms the order, because its stock is held, or records that the stock is pinned.',
  'inventory.reservation_failed': 'Cancels the order, because stock was short.',
  'inventory.released': 'Records that the stock was released, and cancels the order if it is still open.',
  'inventory.committed': 'Records that the stock of the order has left the warehouse.',
  'payment.succeeded': 'Records the payment. The order is PAID once its stock is pinned, too.',
  'payment.failed': 'Cancels the order, because the payment failed.',
  'payment.refunded': 'Records that the customer got the money back.',
} as const satisfies Partial<Record<EventType, string>>;
