// What the parts of a saga are called. Pure.
import type { Tone } from '../../parts/state-badge.tsx';

const ofEvents: Readonly<Record<string, string>> = {
  'order.created': 'placed',
  'order.cancelled': 'cancelled',
  'order.fulfilled': 'shipped',
  'inventory.reserved': 'stock reserved',
  'inventory.reservation_failed': 'stock refused',
  'inventory.released': 'stock released',
  'inventory.committed': 'stock shipped',
  'payment.succeeded': 'paid',
  'payment.failed': 'payment failed',
  'payment.refunded': 'refunded',
};

/** What a transaction that emitted these events did. */
export const wordsOfEvents = (types: readonly string[]): string =>
  [...new Set(types.map((type) => ofEvents[type] ?? type))].join(', ');

const ofSteps: Readonly<Record<string, string>> = {
  place_order: 'placed',
  cancel: 'cancelled',
  confirm: 'confirmed by a seller',
  fulfill: 'shipped by a seller',
};
export const wordsOfStep = (type: string): string => ofSteps[type] ?? type.replaceAll('_', ' ');

/** What undoes an earlier step of the saga. */
const undoing = ['order.cancelled', 'inventory.released', 'payment.refunded'];
export const undoes = (eventType: string): boolean => undoing.includes(eventType);

/** How a consumer took an event, as a word and its tone. */
export const wordsOfOutcome = (outcome: string): { readonly words: string; readonly tone: Tone } => {
  if (outcome === 'accepted') return { words: 'handled', tone: 'ok' };
  if (outcome.startsWith('ignored')) return { words: outcome, tone: 'wait' };
  return { words: outcome, tone: 'bad' };
};

/** "order" of "order-service-group". */
export const serviceOf = (consumer: string): string => consumer.replace(/-service-group$/, '');
