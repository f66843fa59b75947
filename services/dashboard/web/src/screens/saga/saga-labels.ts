// The labels of transactions, steps and outcomes in a saga. Pure.
import type { StoryEvent } from '../../api/types.ts';
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

const describeEvent = ({ eventType, key, committedAt }: StoryEvent, all: readonly StoryEvent[]): string => {
  const isRepeated = all.some(
    (other) => other.eventType === eventType && other.key === key && other.committedAt < committedAt,
  );
  // Inventory emits the event a second time when it pins the stock of a paid order.
  if (eventType === 'inventory.reserved' && isRepeated) return 'reservation no longer expires';
  return eventLabels[eventType] ?? eventType;
};

/** Describes a transaction by the events that it emitted. `all`: every event of the saga. */
export const describeEvents = (emitted: readonly StoryEvent[], all: readonly StoryEvent[]): string =>
  [...new Set(emitted.map((event) => describeEvent(event, all)))].join(', ');

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

/** The number of duplicates: deliveries of an event that the consumer had already handled. */
export const describeDuplicates = (count: number): string =>
  count === 1 ? '1 duplicate' : `${count} duplicates`;

/** `order` for `order-service-group`. */
export const serviceOf = (consumer: string): string => consumer.replace(/-service-group$/, '');
