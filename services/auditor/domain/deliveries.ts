// Which events have not taken effect where they should, and whether they still can. A consumer commits its position only past
// records that it has finished, so one that lies before it and took no effect will never come by itself: a gap.
import type { EventType } from '../../../schemas/generated/events.ts';
import { everyService, type Facts, type OutboxFact, type Service } from './facts.ts';

/** Who reacts to what; a test holds it against the services' own subscriptions. */
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

/** Whether the key of the event's records is an order. */
export const concernsOrder = (type: string): boolean => type !== 'inventory.product_changed';

export interface Delivery {
  readonly event: OutboxFact;
  readonly consumer: Service;
  /** `gap`: it will not come by itself; `parked`: kept as a dead letter. */
  readonly state: 'under_way' | 'parked' | 'gap';
}

const fact = ({ type, key }: Pick<OutboxFact, 'type' | 'key'>): string => `${type} ${key}`;

/** The newest outbox row per type and key for which the predicate holds. */
const newest = (rows: readonly OutboxFact[], holds: (row: OutboxFact) => boolean): Map<string, number> => {
  const times = new Map<string, number>();
  for (const row of rows) {
    if (holds(row)) times.set(fact(row), Math.max(row.at, times.get(fact(row)) ?? 0));
  }
  return times;
};

/** Rows that are not on a topic and have not been said again since. Empty when the topics could not be read. */
export function unpublished({ outbox, records }: Facts): OutboxFact[] {
  if (!records) return [];
  const missing = outbox.filter((row) => !records.has(row.id));
  if (missing.length === 0) return [];
  const said = newest(outbox, (row) => records.has(row.id));
  return missing.filter((row) => (said.get(fact(row)) ?? 0) <= row.at);
}

/** Every delivery that has not taken effect. What was said again and handled since does not count. */
export function outstanding(facts: Facts): Delivery[] {
  const { outbox, records, inboxes } = facts;
  return everyService.flatMap((consumer) => {
    const { processed, parked, committed } = inboxes[consumer];
    const missing = outbox.filter(
      ({ id, type }) => reactionsTo.get(type)?.includes(consumer) === true && !processed.has(id),
    );
    if (missing.length === 0) return [];
    const handled = newest(outbox, (row) => processed.has(row.id));
    return missing
      .filter((event) => (handled.get(fact(event)) ?? 0) <= event.at)
      .map((event): Delivery => {
        if (parked.has(event.id)) return { event, consumer, state: 'parked' };
        const record = records?.get(event.id);
        const position = record && committed.get(`${record.topic}/${record.partition}`);
        const passedOver = record !== undefined && position !== undefined && position > record.offset;
        return { event, consumer, state: passedOver ? 'gap' : 'under_way' };
      });
  });
}
