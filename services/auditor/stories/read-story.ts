// The story of an order, read from what the databases keep anyway: the outbox says when an event was committed, the inboxes
// when Kafka took it and when each consumer's transaction with its effects began and was committed, the dead letters what could
// not be handled, the order's trail what came of each, and the payment service what was asked of the provider. All clocks are
// those of one machine, so the differences are the latencies of the pipeline.
import { sql } from 'drizzle-orm';
import type { Database } from '../../platform/database/database.ts';
import { everyService, type Service } from '../domain/facts.ts';
import { listed, ms, rowsOf } from '../queries.ts';

/** What one consumer group made of an event. All times here are milliseconds since the epoch, with fractions. */
export interface Consumption {
  readonly consumer: string;
  /** When its transaction began. */
  readonly receivedAt: number;
  readonly committedAt: number;
  /** `accepted`, `ignored: <reason>`, or that it is a dead letter, and of which cause. */
  readonly outcome: string;
  /** Of a dead letter. */
  readonly letterId: string | null;
  readonly attempts: number | null;
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
  /** In Confluent framing. */
  readonly payload: Buffer;
  readonly occurredAt: number;
  readonly committedAt: number;
  /** Unknown until somebody has consumed the event, as is its position. */
  readonly publishedAt: number | undefined;
  readonly position: Position | undefined;
  readonly consumptions: readonly Consumption[];
}

export interface StoryOrder {
  readonly id: string;
  readonly customerId: string;
  readonly status: string;
  readonly cancellationReason: string | null;
  readonly placedAt: number;
  readonly updatedAt: number;
  /** When the hold on the stock lapses. */
  readonly expiresAt: number | null;
}

/** An entry of the trail of an order: what an input did to it. */
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

/** A charge or a refund that was asked of the payment provider. */
export interface ProviderCall {
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

/** All that the databases know of an order, or of what one request set in motion. */
export interface Story {
  readonly orders: readonly StoryOrder[];
  readonly correlationIds: readonly string[];
  readonly steps: readonly Step[];
  readonly calls: readonly ProviderCall[];
  readonly events: readonly StoryEvent[];
}

/** A request may concern several orders; a story is told of a few. */
const maxOrders = 20;
const maxEvents = 1_000;

export type Databases = Readonly<Record<Service, Database>>;

const everywhere = async <T>(
  databases: Databases,
  ask: (db: Database, service: Service) => Promise<readonly T[]>,
): Promise<T[]> =>
  (await Promise.all(everyService.map((service) => ask(databases[service], service)))).flat();

const isUuid = (text: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);

/** An order id as the pages shorten it, `01a21536…7983`, or its beginning. */
const shortened = /^([0-9a-f]{8})(?:(?:…|\.{2,3})([0-9a-f]{4}))?$/i;

/** The id of the one order that a shortened id can mean; else what was given. */
const wholeIdOf = async (databases: Databases, given: string): Promise<string> => {
  const [, beginning, end = ''] = shortened.exec(given.toLowerCase()) ?? [];
  if (beginning === undefined) return given;
  // A range of the primary key: the orders of one minute, since the ids begin with the time.
  const found = await rowsOf<{ id: string }>(
    databases.order,
    sql`
      select id::text from orders
      where id between ${`${beginning}-0000-0000-0000-000000000000`}::uuid and ${`${beginning}-ffff-ffff-ffff-ffffffffffff`}::uuid
        and id::text like ${`%${end}`} limit 2`,
  );
  const [only, another] = found;
  return only !== undefined && another === undefined ? only.id : given;
};

/** The correlation id of an event, when the id is one of an event; else the id. */
const correlationOf = async (databases: Databases, id: string): Promise<string> => {
  if (!isUuid(id)) return id;
  const [event] = await everywhere(databases, (db) =>
    rowsOf<{ correlationId: string }>(
      db,
      sql`select correlation_id as "correlationId" from outbox where id = ${id}::uuid`,
    ),
  );
  return event?.correlationId ?? id;
};

/** The orders that an id names: one by its own id, or those that events of the correlation id are about. */
const findOrders = async (databases: Databases, id: string, correlationId: string): Promise<StoryOrder[]> => {
  const keys = await everywhere(databases, (db) =>
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

/** Milliseconds. No transaction of a service takes as long: statement and lock timeouts end it before. */
const longestTransaction = 10_000;

/** A row that `npm run recover` published again was inserted anew, so its own commit is no longer known; the decision came just before it. */
const firstCommit = ({ occurredAt, committedAt }: OutboxRow): number =>
  committedAt - occurredAt > longestTransaction ? occurredAt : committedAt;

const readOutbox = (
  databases: Databases,
  orders: readonly StoryOrder[],
  correlationIds: readonly string[],
): Promise<(OutboxRow & { readonly emittedBy: Service })[]> => {
  // What is said of an order is said once it is placed, so the index on the time leads to it.
  const since = new Date(Math.min(Date.now(), ...orders.map(({ placedAt }) => placedAt - 1_000)));
  return everywhere(databases, async (db, service) => {
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
  everywhere(databases, (db) =>
    rowsOf<ConsumptionRow>(
      db,
      sql`
        select event_id::text as "eventId", consumer, outcome, topic, partition, "offset"::text,
               null as "letterId", null as attempts, ${ms('published_at')} as "publishedAt",
               ${ms('processed_at')} as "receivedAt", ${ms('pg_xact_commit_timestamp(xmin)')} as "committedAt"
        from processed_events where event_id in ${listed(ids)}
        union all
        select event_id, consumer, state || ' as a dead letter: ' || fingerprint, topic, partition, "offset"::text,
               id::text, attempts, ${ms('published_at')}, ${ms('failed_at')}, ${ms('failed_at')}
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
  const byEvent = Map.groupBy(consumed, ({ eventId }) => eventId);
  return events
    .map((event) => {
      const of = byEvent.get(event.id) ?? [];
      const [first] = of;
      return {
        ...event,
        publishedAt: first?.publishedAt,
        position: first && { topic: first.topic, partition: first.partition, offset: first.offset },
        consumptions: of
          .map(({ consumer, receivedAt, committedAt, outcome, letterId, attempts }) => ({
            consumer,
            receivedAt,
            committedAt,
            outcome,
            letterId,
            attempts,
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
 * The story of an order by its id, by the id of one of its events, or by a correlation id: then of the orders that it is about,
 * and else of what it set in motion. The databases must be opened by a role that may read outbox and inbox.
 */
export const readStory = async (databases: Databases, given: string): Promise<Story> => {
  const id = await wholeIdOf(databases, given);
  const correlationId = await correlationOf(databases, id);
  const orders = await findOrders(databases, id, correlationId);
  const orderIds = orders.map((order) => order.id);
  const [steps, calls] = await Promise.all([readSteps(databases, orderIds), readCalls(databases, orderIds)]);
  const known = [...new Set([correlationId, ...steps.map((step) => step.correlationId)])];
  const events = await readEvents(databases, orders, known);
  // What went on later may carry a correlation id of its own, such as a payment by hand.
  const correlationIds = new Set([...known, ...events.map((event) => event.correlationId)]);
  for (const order of orders) correlationIds.delete(order.id);
  return {
    orders,
    correlationIds: [...correlationIds],
    steps: steps.map(({ correlationId: _, ...step }) => step),
    calls,
    events,
  };
};
