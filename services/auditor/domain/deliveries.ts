// Finds events that a consumer has not handled, and whether they can still be delivered. A consumer commits an offset only when it
// has finished all earlier records. So an unhandled record before the committed offset will not be delivered again: it is a gap.
import type { EventType } from '../../../schemas/generated/events.ts';
import { everyService, topicOf, type Facts, type OutboxFact, type Service, type TopicFact } from './facts.ts';

/** Which services react to an event; a test compares it with the services' subscriptions. */
export const reactions: Readonly<Record<EventType, readonly Service[]>> = {
  'order.created': ['inventory', 'payment'],
  'order.cancelled': ['inventory', 'payment'],
  'order.fulfilled': ['inventory'],
  'inventory.product_changed': ['order'],
  'inventory.reserved': ['order', 'payment'],
  'inventory.reservation_failed': ['order', 'payment'],
  'inventory.released': ['order', 'payment'],
  'inventory.committed': ['order'],
  'payment.succeeded': ['order', 'inventory'],
  'payment.failed': ['order', 'inventory'],
  'payment.refunded': ['order'],
};

const reactionsTo = new Map<string, readonly Service[]>(Object.entries(reactions));

/** Whether the key of the event's records is an order id. */
export const concernsOrder = (type: string): boolean => type !== 'inventory.product_changed';

export interface Delivery {
  readonly event: OutboxFact;
  readonly consumer: Service;
  /** `gap`: the consumer skipped the event, which will not be delivered again. */
  readonly state: 'in_flight' | 'dead_lettered' | 'gap';
}

const typeAndKey = ({ type, key }: Pick<OutboxFact, 'type' | 'key'>): string => `${type} ${key}`;

/** The time of the newest outbox row per type and key for which the predicate holds. */
const newestTimes = (
  rows: readonly OutboxFact[],
  holds: (row: OutboxFact) => boolean,
): Map<string, number> => {
  const times = new Map<string, number>();
  for (const row of rows) {
    if (holds(row)) times.set(typeAndKey(row), Math.max(row.at, times.get(typeAndKey(row)) ?? 0));
  }
  return times;
};

/** Outbox rows that are not on a topic and were not emitted again later. Empty when the topics could not be read. */
export function findUnpublished({ outbox, records }: Facts): OutboxFact[] {
  if (!records) return [];
  const missing = outbox.filter((row) => !records.has(row.id));
  if (missing.length === 0) return [];
  const published = newestTimes(outbox, (row) => records.has(row.id));
  return missing.filter((row) => (published.get(typeAndKey(row)) ?? 0) <= row.at);
}

/**
 * Records without an outbox row. Only records since the time from which the snapshot has all outbox rows are judged. Empty when the
 * topics could not be read.
 */
export function findUncommitted({ outbox, records, since }: Facts): TopicFact[] {
  if (!records) return [];
  const committed = new Set(outbox.map((row) => row.id));
  const sinceOf = new Map(everyService.map((service) => [topicOf(service), since[service]]));
  return [...records.values()].filter(
    ({ id, topic, at }) => !committed.has(id) && at >= (sinceOf.get(topic) ?? Infinity),
  );
}

/** Every delivery that has not taken effect, except when the event was later emitted again and handled. */
export function findOutstanding(facts: Facts): Delivery[] {
  const { outbox, records, inboxes } = facts;
  return everyService.flatMap((consumer) => {
    const { processed, deadLettered, committed } = inboxes[consumer];
    const missing = outbox.filter(
      ({ id, type }) => reactionsTo.get(type)?.includes(consumer) === true && !processed.has(id),
    );
    if (missing.length === 0) return [];
    const handled = newestTimes(outbox, (row) => processed.has(row.id));
    return missing
      .filter((event) => (handled.get(typeAndKey(event)) ?? 0) <= event.at)
      .map((event): Delivery => {
        if (deadLettered.has(event.id)) return { event, consumer, state: 'dead_lettered' };
        const record = records?.get(event.id);
        const position = record && committed.get(`${record.topic}/${record.partition}`);
        const isSkipped = record !== undefined && position !== undefined && position > record.offset;
        return { event, consumer, state: isSkipped ? 'gap' : 'in_flight' };
      });
  });
}
