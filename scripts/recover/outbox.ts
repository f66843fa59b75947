// Publishing rows of an outbox once more, through the pipeline itself. A row that is deleted and inserted again in one
// transaction is an insert to the publication: it goes the way of every event, keeps its id, by which consumers recognise it,
// and its headers. An update is not published, another id would take effect twice, and a producer of our own would be a
// second, untested way to the topic.
//
// Which rows are on the topic is kept in a table that only this connection sees and that is gone with it: an outbox of millions
// costs this process nothing.
import type postgres from 'postgres';
import { until } from '../stack/supervise/deadline.ts';

/** Longer than the copy of any outbox takes that a disk holds; the lock is what must not be waited for. */
const copyWithin = '10min';

/** Remembers the rows that there are now, none of them known to be on the topic. */
export const noteRows = async (sql: postgres.Sql): Promise<void> => {
  await sql`DROP TABLE IF EXISTS pg_temp.noted`;
  await sql`CREATE TEMP TABLE noted AS SELECT id, false AS published FROM public.outbox`;
  await sql`CREATE UNIQUE INDEX ON pg_temp.noted (id)`;
};

/** Notes that these ids are on the topic. Those that no row has are nobody's concern. */
export const notePublished = async (sql: postgres.Sql, ids: readonly string[]): Promise<void> => {
  await sql`
    UPDATE pg_temp.noted SET published = true
    WHERE id IN (SELECT json_array_elements_text(${JSON.stringify(ids)}::text::json)::uuid) AND NOT published`;
};

/** How many of the noted rows are not known to be on the topic. */
export const countMissing = async (sql: postgres.Sql): Promise<number> => {
  const [row] = await sql<
    { missing: number }[]
  >`SELECT count(*)::int AS missing FROM pg_temp.noted WHERE NOT published`;
  return row?.missing ?? 0;
};

/**
 * Emits every row that is not noted as published, in the order of the commits as far as the table can tell, and returns how
 * many. The connector has to be stopped, or it would publish some of them meanwhile.
 *
 * Order per key is kept with writers running: while the lock is held nobody writes to the outbox, and nobody who has is still
 * under way, so all that the slot has not delivered is among the missing. The slot is moved past that, and the next it
 * delivers is what is emitted here; what writers commit afterwards follows. So all of it is one transaction, and writers wait
 * for it. Killed in between, nothing is lost: the rows are still not on the topic, so the next run emits them.
 */
export const emitMissing = (sql: postgres.Sql, slot: string): Promise<number> =>
  // A short wait for the lock, again and again: behind a longer one the writers of the service would queue up.
  until(
    { what: 'a moment in which nobody writes to the outbox', withinMs: 60_000, everyMs: 500 },
    async () => {
      const emitted = await sql.begin(async (tx) => {
        await tx`SET LOCAL lock_timeout = '1s'`;
        await tx`LOCK TABLE public.outbox IN SHARE ROW EXCLUSIVE MODE`;
        await tx.unsafe(`SET LOCAL statement_timeout = '${copyWithin}'`);
        // The message flushes the WAL up to here; its prefix is one that the connector skips.
        await tx`SELECT pg_logical_emit_message(false, 'heartbeat', 'recovery', true)`;
        await tx`SELECT pg_replication_slot_advance(${slot}, pg_current_wal_flush_lsn())`;
        const [setting] = await tx<{ on: boolean }[]>`
        SELECT current_setting('track_commit_timestamp')::boolean AS on`;
        const committedAt =
          setting?.on === true ? tx`pg_xact_commit_timestamp(o.xmin)` : tx`NULL::timestamptz`;
        // A row that was written after the others were noted is not on the topic either: nobody publishes.
        await tx`
        CREATE TEMP TABLE missing ON COMMIT DROP AS
        SELECT o AS event, o.id, ${committedAt} AS committed_at
        FROM public.outbox o LEFT JOIN pg_temp.noted n ON n.id = o.id
        WHERE n.published IS NOT TRUE`;
        await tx`DELETE FROM public.outbox o USING missing WHERE o.id = missing.id`;
        // The ids are UUIDs of version 7: within one commit, and where no commit time is kept, they tell the order.
        const inserted = await tx`
        INSERT INTO public.outbox SELECT (event).* FROM missing ORDER BY committed_at NULLS FIRST, id`;
        return inserted.count;
      });
      return { emitted };
    },
  ).then(({ emitted }) => emitted);
