// What the inventory service does with each event that it subscribes to, in words. subscriptions.ts has a handler for exactly
// these, by its type; the dashboard shows them.
import type { EventType } from '../../schemas/generated/events.ts';

export const reactions = {
  'order.created': 'Reserves the items of the order, all of them or none.',
  'order.cancelled': 'Releases what is held for the order.',
  'order.fulfilled': 'Takes the shipped units out of the stock.',
  'payment.succeeded': 'Pins the reservation: it cannot expire any more.',
  'payment.failed': 'Releases what is held for the order.',
} as const satisfies Partial<Record<EventType, string>>;
