// Describes for the dashboard what the payment service does with each event. The type of subscriptions.ts requires a handler
// for each of these events and for no other.
import type { EventType } from '../../schemas/generated/events.ts';

export const reactions = {
  'order.created': 'Stores the terms of payment. In mode AUTO, charges the customer if the stock is held.',
  'order.cancelled': 'Closes the payment, and refunds a charge.',
  'inventory.reserved':
    'Records that the stock is held or pinned. In mode AUTO, charges the customer once the stock is held.',
  'inventory.reservation_failed': 'Closes the payment: nothing is charged.',
  'inventory.released': 'Closes the payment, and refunds a charge.',
} as const satisfies Partial<Record<EventType, string>>;
