// The journey of one order, read from what the databases keep anyway: the outbox says when an event was committed, the
// inboxes say when Kafka took it and when each consumer's transaction with its effects was committed, the dead letters what
// could not be handled. All clocks are those of one machine, so the differences are the latencies of the pipeline.
import { setTimeout as sleep } from 'node:timers/promises';
import type postgres from 'postgres';
import { connectAs, type Login } from '../stack/parts/postgres.ts';
import { serviceNames, type ServiceName } from '../stack/topology.ts';

export interface Consumption {
  readonly consumer: string;
  /** Milliseconds since the epoch, like all times here. */
  readonly committedAt: number;
  readonly outcome: string;
}

export interface Hop {
  readonly eventType: string;
  readonly emittedBy: ServiceName;
  readonly committedAt: number;
  /** Unknown until somebody has consumed the event. */
  readonly publishedAt: number | undefined;
  readonly consumptions: readonly Consumption[];
}

/** An event with what ties it to the rest: the order, the log lines, the trace. */
export interface StoryEvent extends Hop {
  readonly id: string;
  readonly key: string;
  readonly correlationId: string;
  readonly traceparent: string;
}

export interface StoryOrder {
  readonly id: string;
  readonly status: string;
  readonly placedAt: number;
}

/** All that the databases know of an order, or of what one request set in motion. */
export interface Story {
  readonly orders: readonly StoryOrder[];
  readonly correlationIds: readonly string[];
  readonly events: readonly StoryEvent[];
}

const ms = (value: number): string => `${String(Math.round(value))} ms`;

const firstCommit = (hops: readonly Hop[]): number => Math.min(...hops.map(({ committedAt }) => committedAt));

/**
 * One line per event and consumer: when it was committed, and how long it took to be published and to take effect. Times are
 * since `start`, the first commit when absent.
 */
export const formatJourney = (hops: readonly Hop[], start = firstCommit(hops)): string[] => {
  const rows = [...hops]
    .sort((a, b) => a.committedAt - b.committedAt)
    .flatMap((hop) => {
      const published =
        hop.publishedAt === undefined ? '–' : `+${ms(Math.max(0, hop.publishedAt - hop.committedAt))}`;
      const first = [hop.eventType, hop.emittedBy, ms(hop.committedAt - start), published];
      const consumed = [...hop.consumptions]
        .sort((a, b) => a.committedAt - b.committedAt)
        .map(({ consumer, committedAt, outcome }) => [
          `+${ms(Math.max(0, committedAt - hop.committedAt))}`,
          `${consumer.replace(/-service-group$/, '')}${outcome === 'accepted' ? '' : ` (${outcome})`}`,
        ]);
      if (consumed.length === 0) return [[...first, '–', 'nobody yet']];
      return consumed.map((cells, index) => [...(index === 0 ? first : ['', '', '', '']), ...cells]);
    });
  const table = [['event', 'from', 'committed at', 'published', 'consumed', 'by'], ...rows];
  const widths =
    table[0]?.map((_, column) => Math.max(...table.map((row) => (row[column] ?? '').length))) ?? [];
  // Numbers to the right, words to the left.
  const isNumber = [false, false, true, true, true, false];
  return table.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return isNumber[column] === true ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('   ')
      .trimEnd(),
  );
};

/** A request may concern several orders; a story is told of a few. */
const maxOrders = 20;
const maxEvents = 1_000;
const statementTimeoutMs = 15_000;

type Databases = Readonly<Record<ServiceName, postgres.Sql>>;

const everywhere = async <T>(
  databases: Databases,
  ask: (sql: postgres.Sql, service: ServiceName) => Promise<readonly T[]>,
): Promise<T[]> =>
  (await Promise.all(serviceNames.map((service) => ask(databases[service], service)))).flat();

const isUuid = (text: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);

/** The orders that an id names: one by its own id, or those that events of the correlation id are about. */
const findOrders = async (databases: Databases, id: string): Promise<StoryOrder[]> => {
  const keys = await everywhere(
    databases,
    (sql) => sql<{ key: string }[]>`
      SELECT DISTINCT aggregate_id AS key FROM outbox WHERE correlation_id = ${id} LIMIT ${maxOrders}`,
  );
  const candidates = [id, ...keys.map(({ key }) => key)].filter(isUuid);
  return databases.order<StoryOrder[]>`
    SELECT id, status, (extract(epoch FROM created_at) * 1000)::float8 AS "placedAt"
    FROM orders WHERE id = ANY (${candidates}::uuid[]) ORDER BY created_at LIMIT ${maxOrders}`;
};

const readEvents = async (
  databases: Databases,
  orders: readonly StoryOrder[],
  correlationIds: readonly string[],
): Promise<StoryEvent[]> => {
  const orderIds = orders.map(({ id }) => id);
  // What is said of an order is said once it is placed, so the index on the time leads to it.
  const since = new Date(Math.min(Date.now(), ...orders.map(({ placedAt }) => placedAt - 1_000)));
  const events = await everywhere(databases, async (sql, service) => {
    const rows = await sql<Omit<StoryEvent, 'emittedBy' | 'publishedAt' | 'consumptions'>[]>`
      SELECT id, event_type AS "eventType", aggregate_id AS key, correlation_id AS "correlationId", traceparent,
             (extract(epoch FROM pg_xact_commit_timestamp(xmin)) * 1000)::float8 AS "committedAt"
      FROM outbox
      WHERE correlation_id = ANY (${correlationIds}::text[]) OR (aggregate_id = ANY (${orderIds}::text[]) AND occurred_at >= ${since})
      ORDER BY occurred_at LIMIT ${maxEvents}`;
    return rows.map((row) => ({ ...row, emittedBy: service }));
  });
  const ids = events.map(({ id }) => id);
  const consumed = await everywhere(
    databases,
    (sql) => sql<(Consumption & { readonly eventId: string; readonly publishedAt: number })[]>`
      SELECT event_id::text AS "eventId", consumer, outcome,
             (extract(epoch FROM published_at) * 1000)::float8 AS "publishedAt",
             (extract(epoch FROM pg_xact_commit_timestamp(xmin)) * 1000)::float8 AS "committedAt"
      FROM processed_events WHERE event_id = ANY (${ids}::uuid[])
      UNION ALL
      SELECT event_id, consumer, state || ' as a dead letter: ' || fingerprint,
             (extract(epoch FROM published_at) * 1000)::float8, (extract(epoch FROM failed_at) * 1000)::float8
      FROM dead_letters WHERE event_id = ANY (${ids}::text[]) AND state <> 'replayed'`,
  );
  const byEvent = Map.groupBy(consumed, ({ eventId }) => eventId);
  return events
    .map((event) => {
      const of = byEvent.get(event.id) ?? [];
      const consumptions = of.map(({ consumer, committedAt, outcome }) => ({
        consumer,
        committedAt,
        outcome,
      }));
      return { ...event, publishedAt: of[0]?.publishedAt, consumptions };
    })
    .sort((one, other) => one.committedAt - other.committedAt);
};

/**
 * The story of an order by its id, or by a correlation id: then of the orders that it is about, and else of what it set in
 * motion. `login` must be a role that may read outbox and inbox.
 */
export const readStory = async (login: (service: ServiceName) => Login, id: string): Promise<Story> => {
  const open = (service: ServiceName): postgres.Sql => connectAs(login(service));
  const databases = { order: open('order'), inventory: open('inventory'), payment: open('payment') };
  try {
    await everywhere(databases, (sql) => sql.unsafe(`SET statement_timeout = ${statementTimeoutMs}`));
    const orders = await findOrders(databases, id);
    const trail = await databases.order<{ correlationId: string }[]>`
      SELECT DISTINCT correlation_id AS "correlationId" FROM order_events
      WHERE order_id = ANY (${orders.map((order) => order.id)}::uuid[]) LIMIT ${maxEvents}`;
    const known = [...new Set([id, ...trail.map(({ correlationId }) => correlationId)])];
    const events = await readEvents(databases, orders, known);
    // What went on later may carry a correlation id of its own, such as a payment by hand.
    const correlationIds = new Set([...known, ...events.map(({ correlationId }) => correlationId)]);
    for (const order of orders) correlationIds.delete(order.id);
    return { orders, correlationIds: [...correlationIds], events };
  } finally {
    await Promise.all(serviceNames.map((service) => databases[service].end({ timeout: 2 })));
  }
};

/** Reads the journey of an order once it has come to rest: every event consumed and nothing new between two looks, or five seconds gone. */
export const readJourney = async (
  login: (service: ServiceName) => Login,
  orderId: string,
): Promise<readonly Hop[]> => {
  const deadline = performance.now() + 5_000;
  let seen = -1;
  for (;;) {
    const { events } = await readStory(login, orderId);
    const count = events.reduce((sum, event) => sum + 1 + event.consumptions.length, 0);
    const settled =
      count === seen && events.length > 0 && events.every(({ consumptions }) => consumptions.length > 0);
    if (settled || performance.now() > deadline) return events;
    seen = count;
    await sleep(300);
  }
};
