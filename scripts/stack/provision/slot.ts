// The publication and the replication slot from which a connector reads. The invariant: a slot is made only while the outbox
// is empty; made later, it would hide a gap in the topic.
import { until } from '../supervise/deadline.ts';
import { connectAs } from '../parts/postgres.ts';
import { services, superuser } from '../topology.ts';
import { type Sql, execute, type DatabaseTarget } from './database-target.ts';

export const ensurePublication = async (sql: Sql, publication: string): Promise<void> => {
  const [existing] = await sql<{ ok: boolean }[]>`
    SELECT pubinsert AND NOT pubupdate AND NOT pubdelete AND NOT pubtruncate AND NOT puballtables
           AND (SELECT array_agg(schemaname || '.' || tablename) FROM pg_publication_tables t
                WHERE t.pubname = p.pubname) IS NOT DISTINCT FROM ARRAY['public.outbox'] AS ok
    FROM pg_publication p WHERE pubname = ${publication}`;
  if (existing?.ok === true) return;
  if (existing === undefined)
    await execute(
      sql,
      `CREATE PUBLICATION %I FOR TABLE public.outbox WITH (publish = 'insert')`,
      publication,
    );
  else {
    await execute(sql, 'ALTER PUBLICATION %I SET TABLE public.outbox', publication);
    await execute(sql, `ALTER PUBLICATION %I SET (publish = 'insert')`, publication);
  }
};

/** `usable`, or what only `npm run recover` may mend, because events are missing from the topic. */
export type SlotOutcome = 'usable' | 'lost' | 'missing';

const standingOf = async (sql: Sql, slot: string): Promise<SlotOutcome> => {
  const [existing] = await sql<{ wal_status: string | null }[]>`
    SELECT wal_status FROM pg_replication_slots WHERE slot_name = ${slot}`;
  if (existing === undefined) return 'missing';
  return existing.wal_status === 'lost' ? 'lost' : 'usable';
};

/** Makes the slot of a database that no service has written to yet. Later on a new slot would hide a gap. */
export const ensureSlot = async (sql: Sql, slot: string): Promise<SlotOutcome> => {
  const standing = await standingOf(sql, slot);
  if (standing !== 'missing') return standing;
  const [written] = await sql`SELECT 1 FROM public.outbox LIMIT 1`;
  if (written !== undefined) return 'missing';
  await createSlot(sql, slot);
  return 'usable';
};

/** Its last argument lets a standby keep a copy. Waits for the transactions that are under way. */
export const createSlot = async (sql: Sql, slot: string): Promise<void> => {
  await sql`SELECT pg_create_logical_replication_slot(${slot}, 'pgoutput', false, false, true)`;
};

/** How the slot is, for whoever did not see it being provisioned. */
export const slotOutcomeOf = async ({
  service,
  host,
  port,
  password,
}: DatabaseTarget): Promise<SlotOutcome> => {
  const { database, slot } = services[service].database;
  const admin = { host: host ?? '127.0.0.1', port, user: superuser, password: password('admin') };
  const sql = connectAs({ ...admin, database });
  try {
    return await standingOf(sql, slot);
  } finally {
    await sql.end({ timeout: 2 });
  }
};

/** How long to wait, what ends the wait before, and the log that has the details. */
export interface Wait {
  readonly withinMs: number;
  readonly signal?: AbortSignal;
  readonly log?: string;
}

/**
 * Returns once the connector reads from its slot. Connect's own word is not enough: after a crash it repeats the last
 * state it has stored until the new worker has got round to its tasks.
 */
export const awaitStreaming = async (
  target: DatabaseTarget,
  { withinMs, signal, log }: Wait,
): Promise<void> => {
  const { service, port, password } = target;
  const { database, slot } = services[service].database;
  const host = target.host ?? '127.0.0.1';
  const sql = connectAs({ host, port, database, user: superuser, password: password('admin') });
  try {
    await until({ withinMs, signal, log, what: `a reader of the replication slot ${slot}` }, async () => {
      const [row] = await sql<{ active: boolean }[]>`
        SELECT active FROM pg_replication_slots WHERE slot_name = ${slot}`;
      return row?.active === true;
    });
  } finally {
    await sql.end({ timeout: 2 });
  }
};
