// Creates the publication and the replication slot that a connector reads. A slot is created only while the outbox is empty: a
// slot that is created later skips the existing rows, and nothing would show that these events are missing from the topic.
// Retention deletes only rows that a connector has read, and no row while there is no slot. So an empty outbox means that no
// event is missing.
import { until } from '../supervise/deadline.ts';
import { services } from '../topology.ts';
import { type Sql, execute, withConnection, type DatabaseTarget } from './database-target.ts';

export const ensurePublication = async (sql: Sql, publication: string): Promise<void> => {
  const [existing] = await sql<{ ok: boolean; allTables: boolean }[]>`
    SELECT pubinsert AND NOT pubupdate AND NOT pubdelete AND NOT pubtruncate AND NOT puballtables
           AND (SELECT array_agg(schemaname || '.' || tablename) FROM pg_publication_tables t
                WHERE t.pubname = p.pubname) IS NOT DISTINCT FROM ARRAY['public.outbox']
           AND NOT EXISTS (SELECT FROM pg_publication_rel r
                WHERE r.prpubid = p.oid AND (r.prqual IS NOT NULL OR r.prattrs IS NOT NULL)) AS ok,
           puballtables AS "allTables"
    FROM pg_publication p WHERE pubname = ${publication}`;
  if (existing?.ok === true) return;
  if (existing?.allTables === false) {
    await execute(sql, 'ALTER PUBLICATION %I SET TABLE public.outbox', publication);
    await execute(sql, `ALTER PUBLICATION %I SET (publish = 'insert')`, publication);
    return;
  }
  // PostgreSQL cannot change a publication FOR ALL TABLES. The statements are one transaction, so that every position in the WAL has a
  // publication.
  const drop = existing === undefined ? '' : 'DROP PUBLICATION %1$I;';
  const create = `CREATE PUBLICATION %1$I FOR TABLE public.outbox WITH (publish = 'insert')`;
  await execute(sql, `${drop} ${create}`, publication);
};

/** With `lost` or `missing`, events may be missing from the topic; only `npm run recover` may then create the slot. */
export type SlotOutcome = 'usable' | 'lost' | 'missing';

const slotStateOf = async (sql: Sql, slot: string): Promise<SlotOutcome> => {
  const [existing] = await sql<{ wal_status: string | null }[]>`
    SELECT wal_status FROM pg_replication_slots WHERE slot_name = ${slot}`;
  if (existing === undefined) return 'missing';
  return existing.wal_status === 'lost' ? 'lost' : 'usable';
};

/** Creates the slot if it does not exist and the outbox has no row. */
export const ensureSlot = async (sql: Sql, slot: string): Promise<SlotOutcome> => {
  const state = await slotStateOf(sql, slot);
  if (state !== 'missing') return state;
  const [written] = await sql`SELECT 1 FROM public.outbox LIMIT 1`;
  if (written !== undefined) return 'missing';
  await createSlot(sql, slot);
  // A row that a service committed meanwhile may be before the slot.
  const [concurrent] = await sql`SELECT 1 FROM public.outbox LIMIT 1`;
  if (concurrent === undefined) return 'usable';
  await sql`SELECT pg_drop_replication_slot(${slot})`;
  return 'missing';
};

/**
 * PostgreSQL creates the slot after the open transactions have ended. The last argument, `failover`, lets a standby keep a copy of
 * the slot.
 */
export const createSlot = async (sql: Sql, slot: string): Promise<void> => {
  await sql`SELECT pg_create_logical_replication_slot(${slot}, 'pgoutput', false, false, true)`;
};

/** The state of the slot of a database that was provisioned before. */
export const slotOutcomeOf = (target: DatabaseTarget): Promise<SlotOutcome> =>
  withConnection(target, 'admin', (sql) => slotStateOf(sql, services[target.service].database.slot));

export interface Wait {
  readonly withinMs: number;
  /** Ends the wait early. */
  readonly signal?: AbortSignal;
  /** The log file that a failure names. */
  readonly log?: string;
}

/**
 * Returns once the connector reads from its slot. The state that Connect reports is not enough: after a crash, Connect reports the
 * last stored state until the new worker has started the task.
 */
export const awaitStreaming = async (
  target: DatabaseTarget,
  { withinMs, signal, log }: Wait,
): Promise<void> => {
  const { slot } = services[target.service].database;
  const what = `a reader of the replication slot ${slot}`;
  await withConnection(target, 'admin', (sql) =>
    until({ withinMs, signal, log, what }, async () => {
      const [row] = await sql<{ active: boolean }[]>`
        SELECT active FROM pg_replication_slots WHERE slot_name = ${slot}`;
      return row?.active === true;
    }),
  );
};
