// What the order service does with each event that it subscribes to, in words. subscriptions.ts has a handler for exactly these,
// by its type; the dashboard shows them.
import type { EventType } from '../../schemas/generated/events.ts';

export const reactions = {
  'inventory.product_changed': 'Copies the catalogue entry, so that an order is placed at its price.',
  'inventory.reserved': 'Confirms the order: its stock is held.',
  'inventory.reservation_failed': 'Cancels the order: stock was short.',
  'inventory.released': 'Cancels an order whose stock was given back; of a cancelled one it notes that.',
  'inventory.committed': 'Notes that the stock of the order has left the warehouse.',
  'payment.succeeded': 'Marks the order as paid, so that its sellers can ship.',
  'payment.failed': 'Cancels the order: the payment has failed.',
  'payment.refunded': 'Notes that the money went back to the customer.',
} as const satisfies Partial<Record<EventType, string>>;
