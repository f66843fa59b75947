// Publishes outbox rows again by deleting and inserting them in one transaction. The publication sees an insert, so the row
// passes through Debezium like any event and keeps its id and headers. An update would not be published, an event
// with a new id would take effect twice, and a separate producer would be a second, untested path to the topic.
// A temporary table of this connection records which rows are on the topic, so the size of the outbox costs no memory here.
import type postgres from 'postgres';
import { until } from '../stack/supervise/deadline.ts';

/** The copy of a large outbox may take minutes. Only the wait for the lock has to be short. */
const copyTimeout = '10min';

/** Records the ids of all present rows, as not published. */
export const recordRows = async (sql: postgres.Sql): Promise<void> => {
  await sql`DROP TABLE IF EXISTS pg_temp.recorded`;
  await sql`CREATE TEMP TABLE recorded AS SELECT id, false AS published FROM public.outbox`;
  await sql`CREATE UNIQUE INDEX ON pg_temp.recorded (id)`;
};

/** Marks the rows with these ids as published. Ids without a row are ignored. */
export const markPublished = async (sql: postgres.Sql, ids: readonly string[]): Promise<void> => {
  await sql`
    UPDATE pg_temp.recorded SET published = true
    WHERE id IN (SELECT json_array_elements_text(${JSON.stringify(ids)}::text::json)::uuid) AND NOT published`;
};

/** Counts the recorded rows that are not on the topic. */
export const countMissing = async (sql: postgres.Sql): Promise<number> => {
  const [row] = await sql<
    { missing: number }[]
  >`SELECT count(*)::int AS missing FROM pg_temp.recorded WHERE NOT published`;
  return row?.missing ?? 0;
};

/**
 * Deletes and inserts every row that is not marked as published, in commit order, and returns their number. The connector has
 * to be stopped, or it would publish some of them meanwhile.
 *
 * Order per key holds while services write. The lock waits for transactions that have written to the outbox and blocks new ones.
 * So every row in the WAL up to here is either on the topic or missing, and the slot can skip this WAL. The connector then
 * publishes the rows inserted here first, and later commits after them. If the process dies, the transaction rolls back. The slot
 * may stay advanced, but the next run compares the outbox with the topic and finds the same rows missing.
 */
export const republishMissing = (sql: postgres.Sql, slot: string): Promise<number> =>
  // Short, repeated attempts: while one statement waits for the lock, the writers of the service queue up behind it.
  until({ what: 'the lock on the outbox', withinMs: 60_000, everyMs: 500 }, () => {
    return sql.begin(async (tx) => {
      await tx`SET LOCAL lock_timeout = '1s'`;
      await tx`LOCK TABLE public.outbox IN SHARE ROW EXCLUSIVE MODE`;
      await tx.unsafe(`SET LOCAL statement_timeout = '${copyTimeout}'`);
      // The message flushes the WAL up to here. The connector skips messages with this prefix.
      await tx`SELECT pg_logical_emit_message(false, 'heartbeat', 'recovery', true)`;
      await tx`SELECT pg_replication_slot_advance(${slot}, pg_current_wal_flush_lsn())`;
      const [setting] = await tx<{ on: boolean }[]>`
        SELECT current_setting('track_commit_timestamp')::boolean AS on`;
      const committedAt = setting?.on === true ? tx`pg_xact_commit_timestamp(o.xmin)` : tx`NULL::timestamptz`;
      // A row that was written after `recordRows` is not on the topic either: the connector is stopped.
      await tx`
        CREATE TEMP TABLE missing ON COMMIT DROP AS
        SELECT o AS event, o.id, ${committedAt} AS committed_at
        FROM public.outbox o LEFT JOIN pg_temp.recorded r ON r.id = o.id
        WHERE r.published IS NOT TRUE`;
      await tx`DELETE FROM public.outbox o USING missing WHERE o.id = missing.id`;
      // The ids are UUIDv7: they order the rows of one commit, and all rows when commit times are not tracked.
      const inserted = await tx`
        INSERT INTO public.outbox SELECT (event).* FROM missing ORDER BY committed_at NULLS FIRST, id`;
      return inserted.count;
    });
  });
