// Reads the database of one service, tries the login and the heartbeat of its connector, and compares its clock. Changes nothing:
// the heartbeat writes a WAL message that every consumer of the WAL skips.
import { drizzle } from 'drizzle-orm/postgres-js';
import type postgres from 'postgres';
import { readSlot } from '../../services/auditor/pipelines/slot-health.ts';
import { readConnector, type ConnectorConfig } from '../connectors/files.ts';
import { withDatabase } from '../connectors/slot-position.ts';
import type { StackAddress } from '../operator/environment.ts';
import { messageOf } from '../../schemas/tools/failure.ts';
import { services, type ServiceName } from '../stack/topology.ts';
import type { ClockFacts, ConnectorLogin, DatabaseFacts } from './facts.ts';

/** An open transaction of this age is a warning: slots keep the WAL since its start. */
const longTransactionSeconds = 60;

/** The columns of the outbox that the router of a connector reads. */
export const columnsOf = (config: ConnectorConfig): readonly string[] => [
  ...['route.by.field', 'table.field.event.id', 'table.field.event.key', 'table.field.event.payload'].flatMap(
    (key) => config[`transforms.outbox.${key}`] ?? [],
  ),
  ...(config['transforms.outbox.table.fields.additional.placement'] ?? '')
    .split(',')
    .flatMap((placement) => placement.split(':')[0]?.trim() ?? []),
];

export const readDatabase = async (sql: postgres.Sql, service: ServiceName): Promise<DatabaseFacts> => {
  const { slot, publication, cdc } = services[service].database;
  const [server] = await sql<
    Omit<DatabaseFacts, 'slot' | 'publication' | 'cdcRole' | 'missingColumns' | 'longTransactions'>[]
  >`
    SELECT current_setting('server_version_num')::int AS version, current_setting('wal_level') AS "walLevel",
           current_setting('max_replication_slots')::int AS "maxSlots",
           (SELECT count(*)::int FROM pg_replication_slots) AS "slotsUsed",
           current_setting('max_wal_senders')::int AS "maxSenders",
           (SELECT count(*)::int FROM pg_stat_replication) AS "sendersUsed",
           coalesce((SELECT setting::float8 * CASE unit WHEN 'min' THEN 60 WHEN 'ms' THEN 0.001 ELSE 1 END
                     FROM pg_settings WHERE name = 'idle_replication_slot_timeout'), 0)::float8 AS "idleSlotSeconds"`;
  if (server === undefined) throw new Error('the server returned no settings');
  const [published] = await sql<NonNullable<DatabaseFacts['publication']>[]>`
    SELECT ARRAY(SELECT schemaname || '.' || tablename FROM pg_publication_tables t
                 WHERE t.pubname = p.pubname ORDER BY 1) AS tables,
           array_remove(ARRAY[CASE WHEN pubinsert THEN 'insert' END, CASE WHEN pubupdate THEN 'update' END,
             CASE WHEN pubdelete THEN 'delete' END, CASE WHEN pubtruncate THEN 'truncate' END], NULL) AS operations,
           puballtables AS "allTables",
           EXISTS (SELECT FROM pg_publication_rel r
                   WHERE r.prpubid = p.oid AND (r.prqual IS NOT NULL OR r.prattrs IS NOT NULL)) AS filtered
    FROM pg_publication p WHERE pubname = ${publication}`;
  const [role] = await sql<NonNullable<DatabaseFacts['cdcRole']>[]>`
    SELECT rolcanlogin AS login, rolreplication AS replication, rolsuper AS superuser,
           has_table_privilege(oid, 'public.outbox', 'SELECT') AS "readsOutbox"
    FROM pg_roles WHERE rolname = ${cdc}`;
  const missing = await sql<{ name: string }[]>`
    SELECT name FROM unnest(${sql.array([...columnsOf(readConnector(service))])}::text[]) AS name
    WHERE NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'public.outbox'::regclass AND attnum > 0
                      AND NOT attisdropped AND attname = name)`;
  const long = await sql<{ pid: number; who: string; seconds: number }[]>`
    SELECT pid, coalesce(nullif(application_name, ''), usename, backend_type) AS who,
           extract(epoch FROM now() - xact_start)::int AS seconds
    FROM pg_stat_activity
    WHERE backend_type = 'client backend' AND xact_start < now() - make_interval(secs => ${longTransactionSeconds})
    ORDER BY xact_start LIMIT 5`;
  return {
    ...server,
    slot: await readSlot(drizzle(sql), slot),
    publication: published ?? null,
    cdcRole: role ?? null,
    missingColumns: missing.map(({ name }) => name),
    longTransactions: [...long],
  };
};

/** Logs in as the CDC role and runs the heartbeat statement of the connector's configuration file. */
export const readLogin = async (stack: StackAddress, service: ServiceName): Promise<ConnectorLogin> => {
  const query = readConnector(service)['heartbeat.action.query'] ?? '';
  try {
    return await withDatabase(stack, service, 'cdc', async (sql) => ({
      refused: null,
      heartbeat: await sql.unsafe(query).then(
        () => null,
        (error: unknown) => messageOf(error),
      ),
    }));
  } catch (error) {
    return { refused: messageOf(error), heartbeat: null };
  }
};

export const databaseClock = async (sql: postgres.Sql, service: ServiceName): Promise<ClockFacts> => {
  const before = Date.now();
  const [row] = await sql<
    { at: number }[]
  >`SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS at`;
  const after = Date.now();
  const uncertainMs = (after - before) / 2;
  return { part: `the ${service} database`, aheadMs: (row?.at ?? NaN) - (before + uncertainMs), uncertainMs };
};
