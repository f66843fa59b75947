// The tables that every event-driven service has in addition to its domain tables: outbox, inbox, dead letters, idempotency keys,
// audit log. They are in the database of the service, because they must commit or roll back together with its other rows.
import { sql, type SQL } from 'drizzle-orm';
import {
  bigint,
  check,
  customType,
  foreignKey,
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
  type AnyPgColumn,
} from 'drizzle-orm/pg-core';

const bytea = customType<{ data: Buffer }>({ dataType: () => 'bytea' });
/** A transaction id that is never used twice. */
const xid8 = customType<{ data: string }>({ dataType: () => 'xid8' });

/** An instant with the precision of a JavaScript Date: milliseconds. */
export const instant = (name: string) => timestamp(name, { withTimezone: true, precision: 3 });

/** An amount in the minor unit of its currency, up to the largest integer that is exact in JavaScript. */
export const isAmount = (column: AnyPgColumn): SQL => sql`${column} between 0 and 9007199254740991`;
/** An ISO 4217 code. */
export const isCurrency = (column: AnyPgColumn): SQL => sql`${column} ~ '^[A-Z]{3}$'`;

/**
 * Events for Kafka. INSERT-only: Debezium reads the insert from the WAL. The row is kept for a retention period, so that its
 * event can be published again after a replication slot was invalidated. The checks reject rows that the connector cannot publish:
 * a single such row would stop the pipeline.
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
    // 0x00, a 4-byte schema id and at least one byte of body. The limit leaves room for headers below the broker's 1 MiB.
    check(
      'outbox_payload_framed',
      sql`octet_length(${table.payload}) between 6 and 900000 and get_byte(${table.payload}, 0) = 0`,
    ),
    index('outbox_occurred_at').on(table.occurredAt),
    index('outbox_correlation_id').on(table.correlationId),
  ],
);

/** The inbox: one row per event and consumer group, inserted in the transaction that handles the event. */
export const processedEvents = pgTable(
  'processed_events',
  {
    consumer: text('consumer').notNull(),
    eventId: uuid('event_id').notNull(),
    eventType: text('event_type').notNull(),
    topic: text('topic').notNull(),
    partition: integer('partition').notNull(),
    offset: bigint('offset', { mode: 'bigint' }).notNull(),
    /** The timestamp of the Kafka record: when Connect published it. */
    publishedAt: instant('published_at').notNull(),
    processedAt: instant('processed_at').notNull(),
    /** `accepted`, or `ignored: <reason>` for a late or repeated event. */
    outcome: text('outcome').notNull(),
    /** Attempts to handle the event, including the one that succeeded. */
    attempts: integer('attempts').default(1).notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.consumer, table.eventId] }),
    check(
      'processed_events_outcome',
      sql`${table.outcome} = 'accepted' or ${table.outcome} like 'ignored: %'`,
    ),
    index('processed_events_processed_at').on(table.processedAt),
  ],
);

/**
 * Repeated deliveries of handled events; they had no effect. A separate table, because an update of the inbox row would change its
 * commit timestamp, which is the time at which the event was handled.
 */
export const duplicateDeliveries = pgTable(
  'duplicate_deliveries',
  {
    consumer: text('consumer').notNull(),
    eventId: uuid('event_id').notNull(),
    /** Deliveries after the first. */
    count: integer('count').notNull(),
    lastAt: instant('last_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.consumer, table.eventId] }),
    foreignKey({
      name: 'duplicate_deliveries_inbox',
      columns: [table.consumer, table.eventId],
      foreignColumns: [processedEvents.consumer, processedEvents.eventId],
    }).onDelete('cascade'),
  ],
);

/**
 * Records that could not be handled, stored unchanged, so that they can be inspected and replayed. A dead letter is `parked` until
 * a replay is handled (`replayed`) or an administrator archives it (`archived`).
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
    /** The timestamp of the Kafka record: when Connect published it. */
    publishedAt: instant('published_at').notNull(),
    eventId: text('event_id'),
    eventType: text('event_type'),
    error: text('error').notNull(),
    /** Equal for dead letters with the same class of error, error code and event type. */
    fingerprint: text('fingerprint').notNull(),
    attempts: integer('attempts').notNull(),
    failedAt: instant('failed_at').notNull(),
    state: text('state').$type<'parked' | 'replayed' | 'archived'>().notNull().default('parked'),
    /** Number of replays, including failed replays. */
    replays: integer('replays').notNull().default(0),
    /** The error of the last failed replay; null if no replay failed. A later success does not clear it. */
    replayError: text('replay_error'),
    settledAt: instant('settled_at'),
    settledBy: text('settled_by'),
    archiveReason: text('archive_reason'),
  },
  (table) => [
    // Includes publishedAt, because the offsets of a re-created topic start at 0 again.
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

/**
 * Stored responses by Idempotency-Key, per caller, method and path. A response is written in the transaction of the change that the
 * request makes; for an action without such a transaction, the row is first a lease (transaction/idempotency.ts).
 */
export const idempotencyKeys = pgTable(
  'idempotency_keys',
  {
    scope: text('scope').notNull(),
    key: text('key').notNull(),
    /** SHA-256 of the parsed request body with sorted keys. A request with the same key and another body is rejected. */
    fingerprint: text('fingerprint').notNull(),
    /** HTTP status of the response; 0 while the action of a lease is under way. */
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

/**
 * The actions of people, including refused actions. INSERT-only. The entry of a change is written in the transaction of the change.
 * An entry has the subject, the action, the time and the outcome; it never has request bodies or tokens.
 */
export const auditLog = pgTable(
  'audit_log',
  {
    id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    /**
     * The id of the transaction that wrote the entry. Entry ids are assigned before the commit, so an entry with a lower id can
     * appear later. No new entry can appear with a transaction id below that of the oldest running transaction.
     */
    transaction: xid8('transaction')
      .notNull()
      .default(sql`pg_current_xact_id()`),
    at: instant('at').notNull(),
    subject: text('subject').notNull(),
    roles: text('roles').array().notNull(),
    action: text('action').notNull(),
    /** The resource of the action, such as an order id; null if there is none, for example if the action failed to create one. */
    resource: text('resource'),
    outcome: text('outcome').$type<'accepted' | 'ignored' | 'refused'>().notNull(),
    /** HTTP status of a refusal. */
    status: smallint('status'),
    /** Why the action was ignored or refused. */
    code: text('code'),
    correlationId: text('correlation_id').notNull(),
    requestId: text('request_id').notNull(),
  },
  (table) => [
    check('audit_log_outcome', sql`${table.outcome} in ('accepted','ignored','refused')`),
    check('audit_log_status', sql`(${table.outcome} = 'refused') = (${table.status} is not null)`),
    check('audit_log_code', sql`(${table.outcome} = 'accepted') = (${table.code} is null)`),
    // The first index is for sealing, the other two are for searching the log.
    index('audit_log_transaction').on(table.transaction, table.id),
    index('audit_log_at').on(table.at, table.id),
    index('audit_log_subject').on(table.subject, table.at, table.id),
  ],
);

/** The hash chain over the audit log: each hash depends on all entries before it. INSERT-only. */
export const auditSeals = pgTable(
  'audit_seals',
  {
    /** Starts at 1 and has no gaps. */
    position: bigint('position', { mode: 'number' }).primaryKey(),
    entryId: bigint('entry_id', { mode: 'number' }).notNull(),
    previousHash: text('previous_hash').notNull(),
    hash: text('hash').notNull(),
  },
  (table) => [
    unique('audit_seals_entry').on(table.entryId),
    check('audit_seals_position', sql`${table.position} > 0`),
  ],
);
