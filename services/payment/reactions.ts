// What the payment service does with each event that it subscribes to, in words. subscriptions.ts has a handler for exactly
// these, by its type; the dashboard shows them.
import type { EventType } from '../../schemas/generated/events.ts';

export const reactions = {
  'order.created': 'Keeps the terms of payment, and charges once the stock is held.',
  'order.cancelled': 'Calls the payment off, and refunds what was charged.',
  'inventory.reserved': 'Charges the customer, or waits for who pays by hand.',
  'inventory.reservation_failed': 'Calls the payment off: there is nothing to pay for.',
  'inventory.released': 'Calls the payment off, and refunds what was charged.',
} as const satisfies Partial<Record<EventType, string>>;
