// The labels of transactions, steps and outcomes in a saga. Pure.
import type { Tone } from '../../parts/state-badge.tsx';

const eventLabels: Readonly<Record<string, string>> = {
  'order.created': 'placed',
  'order.cancelled': 'cancelled',
  'order.fulfilled': 'shipped',
  'inventory.reserved': 'stock reserved',
  'inventory.reservation_failed': 'not enough stock',
  'inventory.released': 'stock released',
  'inventory.committed': 'stock committed',
  'payment.succeeded': 'paid',
  'payment.failed': 'payment failed',
  'payment.refunded': 'refunded',
};

/** Describes a transaction by the types of the events that it emitted. */
export const describeEvents = (types: readonly string[]): string =>
  [...new Set(types.map((type) => eventLabels[type] ?? type))].join(', ');

const stepLabels: Readonly<Record<string, string>> = {
  place_order: 'placed',
  cancel: 'cancelled',
  confirm: 'confirmed by a seller',
  fulfill: 'shipped by a seller',
};
export const describeStep = (type: string): string => stepLabels[type] ?? type.replaceAll('_', ' ');

const compensationEvents = ['order.cancelled', 'inventory.released', 'payment.refunded'];
export const isCompensation = (eventType: string): boolean => compensationEvents.includes(eventType);

/** How a consumer handled an event, as a label and a tone. */
export const describeOutcome = (outcome: string): { readonly label: string; readonly tone: Tone } => {
  if (outcome === 'accepted') return { label: 'handled', tone: 'ok' };
  if (outcome.startsWith('ignored')) return { label: outcome, tone: 'wait' };
  return { label: outcome.replace('parked as a dead letter', 'dead-lettered'), tone: 'bad' };
};

/** Deliveries of an event that had been handled before. */
export const describeDuplicates = (count: number): string =>
  count === 1 ? '1 duplicate' : `${count} duplicates`;

/** `order` for `order-service-group`. */
export const serviceOf = (consumer: string): string => consumer.replace(/-service-group$/, '');
