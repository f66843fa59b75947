// Runs the migrations of one database: first the series of the messaging tables, which all services share, then the series of the
// service. Each series records its progress in its own table. A migration is one transaction, unless it contains CREATE
// INDEX CONCURRENTLY, which PostgreSQL refuses in a transaction. Such a migration can be repeated from its first statement.
import { readMigrationFiles } from 'drizzle-orm/migrator';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type postgres from 'postgres';
import { failure } from '../../../schemas/tools/failure.ts';
import { until } from '../supervise/deadline.ts';
import type { ServiceName } from '../topology.ts';

type Sql = postgres.Sql;

export const migrationsFolder = join(import.meta.dirname, '..', '..', '..', 'drizzle');

/** Runs the pending migrations of `service`. `sql` is connected to its database as the owner of the tables. */
export const migrateDatabase = async (
  sql: Sql,
  service: ServiceName,
  folder = migrationsFolder,
): Promise<void> => {
  // When two stacks start at the same time, the second waits for this lock and then finds no pending migrations. It polls instead
  // of blocking in PostgreSQL: CREATE INDEX CONCURRENTLY of the first would wait for the blocked statement, a deadlock.
  await until(
    { what: `the migrations that another start runs on the ${service} database`, withinMs: 600_000 },
    async () => {
      const [lock] = await sql<{ locked: boolean }[]>`
      SELECT pg_try_advisory_lock(hashtext('orderflow migrations')) AS locked`;
      return lock?.locked === true;
    },
  );
  try {
    await sql`CREATE SCHEMA IF NOT EXISTS drizzle`;
    await separateMessaging(sql);
    await migrateSeries(sql, join(folder, 'messaging', 'migrations'), '__messaging_migrations');
    await migrateSeries(sql, join(folder, service, 'migrations'), '__drizzle_migrations');
  } finally {
    await sql`SELECT pg_advisory_unlock(hashtext('orderflow migrations'))`;
  }
};

/**
 * Splits the history of an old database, in which a single series created all tables. The progress table of the messaging series
 * starts with one row: the newest timestamp of the single series. The messaging migrations kept their timestamps in the split, so
 * those that the single series has run are not newer than this row and are skipped.
 */
const separateMessaging = async (sql: Sql): Promise<void> => {
  const [tables] = await sql<{ service: string | null; messaging: string | null }[]>`
    SELECT to_regclass('drizzle.__drizzle_migrations') AS service,
           to_regclass('drizzle.__messaging_migrations') AS messaging`;
  if (tables?.service == null || tables.messaging !== null) return;
  await sql.begin(async (tx) => {
    await tx`CREATE TABLE drizzle.__messaging_migrations (LIKE drizzle.__drizzle_migrations)`;
    await tx`ALTER TABLE drizzle.__messaging_migrations ADD PRIMARY KEY (id)`;
    await tx`CREATE SEQUENCE drizzle.__messaging_migrations_id_seq OWNED BY drizzle.__messaging_migrations.id`;
    await tx`
      ALTER TABLE drizzle.__messaging_migrations
      ALTER COLUMN id SET DEFAULT nextval('drizzle.__messaging_migrations_id_seq')`;
    await tx`
      INSERT INTO drizzle.__messaging_migrations (hash, created_at)
      SELECT 'one series with the tables of the service', max(created_at) FROM drizzle.__drizzle_migrations`;
  });
};

const migrateSeries = async (sql: Sql, folder: string, table: string): Promise<void> => {
  if (!existsSync(folder)) throw failure(`there are no migrations in ${folder}; the clone is incomplete`);
  const appliedTable = sql(`drizzle.${table}`);
  await sql`CREATE TABLE IF NOT EXISTS ${appliedTable} (id serial PRIMARY KEY, hash text NOT NULL, created_at bigint)`;
  const [newest] = await sql<
    { timestamp: string | null }[]
  >`SELECT max(created_at) AS timestamp FROM ${appliedTable}`;
  const pending = readMigrationFiles({ migrationsFolder: folder }).filter(
    ({ folderMillis }) => folderMillis > Number(newest?.timestamp ?? 0),
  );
  for (const { sql: statements, hash, folderMillis } of pending) {
    const record = (connection: Sql | postgres.TransactionSql) =>
      connection`INSERT INTO ${appliedTable} (hash, created_at) VALUES (${hash}, ${folderMillis})`;
    if (statements.some((statement) => statement.includes('CONCURRENTLY'))) {
      for (const statement of statements) await sql.unsafe(statement);
      await record(sql);
      continue;
    }
    await sql.begin(async (tx) => {
      for (const statement of statements) await tx.unsafe(statement);
      await record(tx);
    });
  }
};
