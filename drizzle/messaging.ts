// The tables every service's database has beside its own: outbox, inbox, dead letters, idempotency keys.
// They live in the service's database because they must commit or roll back together with its rows.
import { sql } from 'drizzle-orm';
import {
  bigint,
  check,
  customType,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  smallint,
  text,
  timestamp,
  unique,
  uuid,
} from 'drizzle-orm/pg-core';

const bytea = customType<{ data: Buffer }>({ dataType: () => 'bytea' });

/** Instant with millisecond precision, as JavaScript can hold it. */
export const instant = (name: string) => timestamp(name, { withTimezone: true, precision: 3 });

/**
 * Events on their way to Kafka. INSERT-only: Debezium reads the insert from the WAL, the row itself is kept for a
 * retention period so that a lost replication slot can be repaired. The checks make a row that the connector could
 * not publish impossible, because one such row would stop the pipeline for everybody.
 */
export const outbox = pgTable(
  'outbox',
  {
    id: uuid('id').primaryKey(),
    aggregateType: text('aggregate_type').notNull(),
    aggregateId: text('aggregate_id').notNull(),
    eventType: text('event_type').notNull(),
    schemaId: integer('schema_id').notNull(),
    payload: bytea('payload').notNull(),
    correlationId: text('correlation_id').notNull(),
    causationId: text('causation_id').notNull(),
    traceparent: text('traceparent').notNull(),
    occurredAt: instant('occurred_at').notNull(),
  },
  (table) => [
    check('outbox_key_not_empty', sql`${table.aggregateId} <> ''`),
    // 0x00, the 4-byte schema id, then at least one byte; below the broker's 1 MiB with room for headers.
    check(
      'outbox_payload_framed',
      sql`octet_length(${table.payload}) between 6 and 900000 and get_byte(${table.payload}, 0) = 0`,
    ),
    index('outbox_occurred_at').on(table.occurredAt),
    index('outbox_correlation_id').on(table.correlationId),
  ],
);

/** The inbox: one row per event and consumer group, claimed in the transaction that applies the event. */
export const processedEvents = pgTable(
  'processed_events',
  {
    consumer: text('consumer').notNull(),
    eventId: uuid('event_id').notNull(),
    eventType: text('event_type').notNull(),
    topic: text('topic').notNull(),
    partition: integer('partition').notNull(),
    offset: bigint('offset', { mode: 'bigint' }).notNull(),
    /** Kafka's record timestamp: when Connect published it. */
    publishedAt: instant('published_at').notNull(),
    processedAt: instant('processed_at').notNull(),
    /** `accepted`, or `ignored: <reason>` for a late or repeated event. */
    outcome: text('outcome').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.consumer, table.eventId] }),
    index('processed_events_processed_at').on(table.processedAt),
  ],
);

/**
 * Records that could not be handled as they are, kept whole so that they can be inspected and replayed. A letter is
 * parked until its replay is handled or an administrator archives it; both are final.
 */
export const deadLetters = pgTable(
  'dead_letters',
  {
    id: uuid('id').primaryKey(),
    consumer: text('consumer').notNull(),
    topic: text('topic').notNull(),
    partition: integer('partition').notNull(),
    offset: bigint('offset', { mode: 'bigint' }).notNull(),
    key: text('key'),
    value: bytea('value'),
    headers: jsonb('headers').$type<Record<string, string>>().notNull(),
    /** Kafka's record timestamp: when Connect published it. */
    publishedAt: instant('published_at').notNull(),
    eventId: text('event_id'),
    eventType: text('event_type'),
    error: text('error').notNull(),
    /** Same cause, same fingerprint: class and code of the error, and the event type. */
    fingerprint: text('fingerprint').notNull(),
    attempts: integer('attempts').notNull(),
    failedAt: instant('failed_at').notNull(),
    state: text('state').$type<'parked' | 'replayed' | 'archived'>().notNull().default('parked'),
    /** Replays so far, failed ones included. */
    replays: integer('replays').notNull().default(0),
    /** Why the last replay failed; null when none did. */
    replayError: text('replay_error'),
    settledAt: instant('settled_at'),
    settledBy: text('settled_by'),
    archiveReason: text('archive_reason'),
  },
  (table) => [
    // With the time of publication: a topic that is created anew counts its offsets from 0 again.
    unique('dead_letters_position').on(
      table.consumer,
      table.topic,
      table.partition,
      table.offset,
      table.publishedAt,
    ),
    check('dead_letters_state', sql`${table.state} in ('parked','replayed','archived')`),
    check(
      'dead_letters_settled',
      sql`(${table.state} = 'parked') = (${table.settledAt} is null) and (${table.state} = 'parked') = (${table.settledBy} is null)`,
    ),
    check('dead_letters_archived', sql`(${table.state} = 'archived') = (${table.archiveReason} is not null)`),
    index('dead_letters_parked')
      .on(table.fingerprint)
      .where(sql`${table.state} = 'parked'`),
    index('dead_letters_settled_at').on(table.settledAt),
  ],
);

/** Answers already given to a client's Idempotency-Key, scoped to caller and route, written with the effect. */
export const idempotencyKeys = pgTable(
  'idempotency_keys',
  {
    scope: text('scope').notNull(),
    key: text('key').notNull(),
    /** SHA-256 of the request body; another body under the same key is the client's mistake. */
    fingerprint: text('fingerprint').notNull(),
    status: smallint('status').notNull(),
    body: jsonb('body').notNull(),
    headers: jsonb('headers').$type<Record<string, string>>().notNull(),
    createdAt: instant('created_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.scope, table.key] }),
    index('idempotency_keys_created_at').on(table.createdAt),
  ],
);
