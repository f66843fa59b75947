// Describes for the dashboard what the inventory service does with each event. The type of subscriptions.ts requires a handler
// for each of these events and for no other.
import type { EventType } from '../../schemas/generated/events.ts';

export const reactions = {
  'order.created': 'Reserves all items of the order, or none.',
  'order.cancelled':
    'Releases the stock that is held for the order. If nothing was reserved yet, nothing will be.',
  'order.fulfilled': 'Removes the shipped units from the stock.',
  'payment.succeeded': 'Pins the reservation, which then does not expire.',
  'payment.failed': 'Releases the stock that is held for the order.',
} as const satisfies Partial<Record<EventType, string>>;
