// Reads the story of an order. No table exists only for stories: commit times come from the outboxes; publication times and the
// times of handling from the inboxes; failures from the dead letters; outcomes from the order's trail; and the
// requests to the provider from the payment service. Differences of these times are latencies only if all clocks are synchronised.
import { sql } from 'drizzle-orm';
import type { Database } from '../../platform/database/database.ts';
import { everyService, type Service } from '../domain/facts.ts';
import { listed, ms, rowsOf } from '../queries.ts';

/** How one consumer group handled an event. All times in this file are milliseconds since the epoch, with fractions. */
export interface Consumption {
  readonly consumer: string;
  /**
   * When the consumer began to handle the event. For a dead letter, this and `committedAt` are the time at which its last attempt
   * failed.
   */
  readonly receivedAt: number;
  readonly committedAt: number;
  /** `accepted`, `ignored: <reason>`, or the state and cause of a dead letter. */
  readonly outcome: string;
  /** Null unless the event is a dead letter. */
  readonly letterId: string | null;
  /** Number of attempts, including the last attempt. */
  readonly attempts: number;
  /** Number of deliveries after the delivery that was handled. */
  readonly duplicates: number;
}

export interface Position {
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
}

export interface StoryEvent {
  readonly id: string;
  readonly eventType: string;
  readonly emittedBy: Service;
  readonly key: string;
  readonly correlationId: string;
  readonly causationId: string;
  readonly traceparent: string;
  readonly schemaId: number;
  /** Avro in the Confluent wire format. */
  readonly payload: Buffer;
  readonly occurredAt: number;
  readonly committedAt: number;
  /** Like `position`, undefined until a consumer has handled the event or stored it as a dead letter. */
  readonly publishedAt: number | undefined;
  readonly position: Position | undefined;
  readonly consumptions: readonly Consumption[];
}

interface StoryOrder {
  readonly id: string;
  readonly customerId: string;
  readonly status: string;
  readonly cancellationReason: string | null;
  readonly placedAt: number;
  readonly updatedAt: number;
  /** When the reservation expires. */
  readonly expiresAt: number | null;
}

/** An entry in the audit trail of an order: an input and its outcome. */
export interface Step {
  readonly orderId: string;
  readonly type: string;
  /** The event or request that was handled. */
  readonly inputId: string;
  readonly actor: string;
  readonly outcome: string;
  readonly status: string;
  readonly recordedAt: number;
}

/** A request to the payment provider. */
interface ProviderCall {
  readonly id: string;
  readonly orderId: string;
  readonly kind: 'charge' | 'refund';
  readonly state: 'due' | 'unknown' | 'succeeded' | 'declined' | 'abandoned';
  readonly attempts: number;
  readonly lastError: string | null;
  readonly causationId: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly dueAt: number;
}

/** All data about an order, or about the effects of one request. */
export interface Story {
  readonly orders: readonly StoryOrder[];
  readonly correlationIds: readonly string[];
  readonly steps: readonly Step[];
  readonly calls: readonly ProviderCall[];
  readonly events: readonly StoryEvent[];
}

/** Limits of one story, because a request may concern many orders. */
const maxOrders = 20;
const maxEvents = 1_000;

export type Databases = Readonly<Record<Service, Database>>;

const readFromAll = async <T>(
  databases: Databases,
  read: (db: Database, service: Service) => Promise<readonly T[]>,
): Promise<T[]> =>
  (await Promise.all(everyService.map((service) => read(databases[service], service)))).flat();

const isUuid = (text: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);

/** An order id as the pages shorten it (`01a21536…7983`), or only its first eight digits. */
const shortenedId = /^([0-9a-f]{8})(?:(?:…|\.{2,3})([0-9a-f]{4}))?$/i;

/** Expands a shortened id when exactly one order matches it; otherwise returns it unchanged. */
const expandId = async (databases: Databases, given: string): Promise<string> => {
  const [, start, end = ''] = shortenedId.exec(given.toLowerCase()) ?? [];
  if (start === undefined) return given;
  // A range of the primary key. Ids start with the time, so the range has the orders of about one minute.
  const found = await rowsOf<{ id: string }>(
    databases.order,
    sql`
      select id::text from orders
      where id between ${`${start}-0000-0000-0000-000000000000`}::uuid and ${`${start}-ffff-ffff-ffff-ffffffffffff`}::uuid
        and id::text like ${`%${end}`} limit 2`,
  );
  const [only, another] = found;
  return only !== undefined && another === undefined ? only.id : given;
};

/** The correlation id of the event with this id; the id itself when there is no such event. */
const findCorrelationId = async (databases: Databases, id: string): Promise<string> => {
  if (!isUuid(id)) return id;
  const [event] = await readFromAll(databases, (db) =>
    rowsOf<{ correlationId: string }>(
      db,
      sql`select correlation_id as "correlationId" from outbox where id = ${id}::uuid`,
    ),
  );
  return event?.correlationId ?? id;
};

/** The order with this id, and the orders that events of the correlation id concern. */
const findOrders = async (databases: Databases, id: string, correlationId: string): Promise<StoryOrder[]> => {
  const keys = await readFromAll(databases, (db) =>
    rowsOf<{ key: string }>(
      db,
      sql`select distinct aggregate_id as key from outbox where correlation_id = ${correlationId} limit ${maxOrders}`,
    ),
  );
  const candidates = [id, ...keys.map(({ key }) => key)].filter(isUuid);
  return rowsOf<StoryOrder>(
    databases.order,
    sql`
      select id::text, customer_id as "customerId", status, cancellation_reason as "cancellationReason",
             ${ms('created_at')} as "placedAt", ${ms('updated_at')} as "updatedAt",
             ${ms('reservation_expires_at')} as "expiresAt"
      from orders where id in ${listed(candidates)} order by created_at limit ${maxOrders}`,
  );
};

type OutboxRow = Omit<StoryEvent, 'emittedBy' | 'publishedAt' | 'position' | 'consumptions'>;

/** A commit later than this after `occurredAt` is taken for that of a row that was inserted again. */
const longestTransactionMs = 10_000;

/** When `npm run recover` has inserted a row again, its first commit time is lost; `occurredAt` is only slightly earlier. */
const firstCommit = ({ occurredAt, committedAt }: OutboxRow): number =>
  committedAt - occurredAt > longestTransactionMs ? occurredAt : committedAt;

const readOutbox = (
  databases: Databases,
  orders: readonly StoryOrder[],
  correlationIds: readonly string[],
): Promise<(OutboxRow & { readonly emittedBy: Service })[]> => {
  // Events of an order follow its placement. The lower bound lets PostgreSQL use the index on the time.
  const since = new Date(Math.min(Date.now(), ...orders.map(({ placedAt }) => placedAt - 1_000)));
  return readFromAll(databases, async (db, service) => {
    const rows = await rowsOf<OutboxRow>(
      db,
      sql`
        select id::text, event_type as "eventType", aggregate_id as key, correlation_id as "correlationId",
               causation_id as "causationId", traceparent, schema_id as "schemaId", payload,
               ${ms('occurred_at')} as "occurredAt", ${ms('pg_xact_commit_timestamp(xmin)')} as "committedAt"
        from outbox
        where correlation_id in ${listed(correlationIds, 'text')}
           or (occurred_at >= ${since.toISOString()}::timestamptz
               and aggregate_id in ${listed(
                 orders.map(({ id }) => id),
                 'text',
               )})
        order by occurred_at limit ${maxEvents}`,
    );
    return rows.map((row) => ({ ...row, committedAt: firstCommit(row), emittedBy: service }));
  });
};

type ConsumptionRow = Consumption & Position & { readonly eventId: string; readonly publishedAt: number };

const readConsumptions = (databases: Databases, ids: readonly string[]): Promise<ConsumptionRow[]> =>
  readFromAll(databases, (db) =>
    rowsOf<ConsumptionRow>(
      db,
      sql`
        select event_id::text as "eventId", consumer, outcome, topic, partition, "offset"::text,
               null as "letterId", attempts, coalesce(count, 0) as duplicates, ${ms('published_at')} as "publishedAt",
               ${ms('processed_at')} as "receivedAt",
               ${ms('pg_xact_commit_timestamp(processed_events.xmin)')} as "committedAt"
        from processed_events left join duplicate_deliveries using (consumer, event_id)
        where event_id in ${listed(ids)}
        union all
        select event_id, consumer, state || ' as a dead letter: ' || fingerprint, topic, partition, "offset"::text,
               id::text, attempts, 0, ${ms('published_at')}, ${ms('failed_at')}, ${ms('failed_at')}
        from dead_letters where event_id in ${listed(ids, 'text')} and state <> 'replayed'`,
    ),
  );

const readEvents = async (
  databases: Databases,
  orders: readonly StoryOrder[],
  correlationIds: readonly string[],
): Promise<StoryEvent[]> => {
  const events = await readOutbox(databases, orders, correlationIds);
  const consumed = await readConsumptions(
    databases,
    events.map(({ id }) => id),
  );
  const consumedByEvent = Map.groupBy(consumed, ({ eventId }) => eventId);
  return events
    .map((event) => {
      const consumptions = consumedByEvent.get(event.id) ?? [];
      const [first] = consumptions;
      return {
        ...event,
        publishedAt: first?.publishedAt,
        position: first && { topic: first.topic, partition: first.partition, offset: first.offset },
        consumptions: consumptions
          .map(({ consumer, receivedAt, committedAt, outcome, letterId, attempts, duplicates }) => ({
            consumer,
            receivedAt,
            committedAt,
            outcome,
            letterId,
            attempts,
            duplicates,
          }))
          .toSorted((one, other) => one.committedAt - other.committedAt),
      };
    })
    .toSorted((one, other) => one.committedAt - other.committedAt);
};

const readSteps = (
  databases: Databases,
  orderIds: readonly string[],
): Promise<(Step & { correlationId: string })[]> =>
  rowsOf(
    databases.order,
    sql`
      select order_id::text as "orderId", type, input_id as "inputId", actor, outcome, status,
             correlation_id as "correlationId", ${ms('recorded_at')} as "recordedAt"
      from order_events where order_id in ${listed(orderIds)} order by sequence limit ${maxEvents}`,
  );

const readCalls = (databases: Databases, orderIds: readonly string[]): Promise<ProviderCall[]> =>
  rowsOf(
    databases.payment,
    sql`
      select id::text, order_id::text as "orderId", kind, state, attempts, last_error as "lastError",
             causation_id as "causationId", ${ms('created_at')} as "createdAt", ${ms('updated_at')} as "updatedAt",
             ${ms('due_at')} as "dueAt"
      from transactions where order_id in ${listed(orderIds)} order by created_at limit ${maxEvents}`,
  );

/**
 * Reads the story by an order id, by the id of one of its events, or by a correlation id. For a correlation id, the story has the
 * orders that its events concern (at most `maxOrders`), or only the events if they concern no order.
 */
export const readStory = async (databases: Databases, given: string): Promise<Story> => {
  const id = await expandId(databases, given);
  const correlationId = await findCorrelationId(databases, id);
  const orders = await findOrders(databases, id, correlationId);
  const orderIds = orders.map((order) => order.id);
  const [steps, calls] = await Promise.all([readSteps(databases, orderIds), readCalls(databases, orderIds)]);
  const knownIds = [...new Set([correlationId, ...steps.map((step) => step.correlationId)])];
  const events = await readEvents(databases, orders, knownIds);
  // Later events may have another correlation id, for example the events of a manual payment.
  const correlationIds = new Set([...knownIds, ...events.map((event) => event.correlationId)]);
  for (const order of orders) correlationIds.delete(order.id);
  return {
    orders,
    correlationIds: [...correlationIds],
    steps: steps.map(({ correlationId: _, ...step }) => step),
    calls,
    events,
  };
};
