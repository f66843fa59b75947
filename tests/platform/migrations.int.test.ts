// The migrations on a real database: on an empty database, on databases of an earlier version that had one series of migrations for
// all tables, and after a failed creation of an index.
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readMigrationFiles } from 'drizzle-orm/migrator';
import postgres from 'postgres';
import { afterAll, describe, expect, it } from 'vitest';
import { migrateDatabase, migrationsFolder } from '../../scripts/stack/provision/migrations.ts';
import { serviceNames, type ServiceName } from '../../scripts/stack/topology.ts';
import { stack } from '../stack/worker-stack.ts';

const quiet = { max: 1, onnotice: () => undefined };
const admin = postgres(stack.databases.order.admin, quiet);
const createdDatabases: { readonly name: string; readonly sql: postgres.Sql }[] = [];

const connectTo = (database: string): postgres.Sql => {
  const url = new URL(stack.databases.order.admin);
  url.pathname = `/${database}`;
  return postgres(url.href, quiet);
};

const emptyDatabase = async (): Promise<postgres.Sql> => {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await admin.unsafe(`CREATE DATABASE ${name}`);
  const sql = connectTo(name);
  createdDatabases.push({ name, sql });
  return sql;
};
afterAll(async () => {
  for (const { name, sql } of createdDatabases) {
    await sql.end();
    await admin.unsafe(`DROP DATABASE ${name} WITH (FORCE)`);
  }
  await admin.end();
});

/** The schema of a database: its columns, indexes, constraints and functions. */
const shapeOf = async (sql: postgres.Sql) => ({
  columns: await sql`
    SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns
    WHERE table_schema = 'public' ORDER BY 1, 2`,
  indexes: await sql`
    SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition, indisvalid AS valid FROM pg_index
    WHERE indrelid::regclass::text IN (SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace) ORDER BY 1`,
  constraints: await sql`
    SELECT conrelid::regclass::text AS table_name, conname, pg_get_constraintdef(oid) AS definition FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2`,
  functions: await sql`
    SELECT proname, pg_get_functiondef(oid) AS definition, proacl::text FROM pg_proc
    WHERE pronamespace = 'public'::regnamespace ORDER BY 1`,
});

/** The migrations of the former single series of each service, which also created the messaging tables. Each entry has the current
 *  series of the migration, its index in that series, and its time. */
const formerSeries: Record<ServiceName, readonly (readonly ['messaging' | 'own', number, number])[]> = {
  order: [
    ['own', 0, 1795443976934],
    ['messaging', 1, 1795448462494],
    ['messaging', 2, 1795449214660],
    ['own', 1, 1795451011579],
    ['messaging', 3, 1795455456109],
    ['messaging', 4, 1795468048014],
  ],
  inventory: [
    ['own', 0, 1795443977641],
    ['messaging', 1, 1795448465281],
    ['messaging', 2, 1795449215437],
    ['messaging', 3, 1795455457276],
    ['messaging', 4, 1795468048823],
    ['own', 1, 1795485046225],
  ],
  payment: [
    ['own', 0, 1795443978429],
    ['messaging', 1, 1795448467278],
    ['messaging', 2, 1795449216827],
    ['messaging', 3, 1795455458295],
    ['messaging', 4, 1795468049534],
  ],
};

const filesOf = (series: string) =>
  readMigrationFiles({ migrationsFolder: join(migrationsFolder, series, 'migrations') });

/** Applies the first `count` migrations of the former series. The first migration of that series also created the messaging tables. */
const applyFormerSeries = async (sql: postgres.Sql, service: ServiceName, count: number): Promise<void> => {
  await sql`CREATE SCHEMA drizzle`;
  await sql`CREATE TABLE drizzle.__drizzle_migrations (id serial PRIMARY KEY, hash text NOT NULL, created_at bigint)`;
  const messaging = filesOf('messaging');
  const own = filesOf(service);
  for (const [series, index, at] of formerSeries[service].slice(0, count)) {
    const statements = (series === 'own' ? own : messaging)[index]?.sql ?? [];
    const messagingStatements = series === 'own' && index === 0 ? (messaging[0]?.sql ?? []) : [];
    for (const statement of [...statements, ...messagingStatements]) await sql.unsafe(statement);
    await sql`INSERT INTO drizzle.__drizzle_migrations (hash, created_at) VALUES ('former', ${at})`;
  }
};

describe('the migrations', () => {
  it.each(serviceNames)(
    'create the tables of the %s database, and do nothing when they run again',
    async (service) => {
      const sql = await emptyDatabase();
      await migrateDatabase(sql, service);
      const shape = await shapeOf(sql);
      expect(shape.columns.map(({ table_name }) => table_name as unknown)).toEqual(
        expect.arrayContaining([
          'outbox',
          'processed_events',
          'dead_letters',
          'idempotency_keys',
          'audit_log',
        ]),
      );
      await migrateDatabase(sql, service);
      expect(await shapeOf(sql)).toEqual(shape);
    },
  );

  it.each(serviceNames)('migrate the %s database from three states of the former series', async (service) => {
    const fresh = await emptyDatabase();
    await migrateDatabase(fresh, service);
    const shape = await shapeOf(fresh);

    for (const count of [1, 3, formerSeries[service].length]) {
      const sql = await emptyDatabase();
      await applyFormerSeries(sql, service, count);
      await sql`
        INSERT INTO outbox VALUES
          (${randomUUID()}, 'order-events', 'key', 'order.created', 1, '\\x000000000100', 'c', 'c', 't', now())`;
      await migrateDatabase(sql, service);
      expect(await shapeOf(sql), `after ${count} migrations of the former series`).toEqual(shape);
      expect(await sql`SELECT aggregate_id FROM outbox`).toMatchObject([{ aggregate_id: 'key' }]);
    }
  });

  it('are applied once when two processes start at once', async () => {
    const sql = await emptyDatabase();
    const other = connectTo(createdDatabases.at(-1)?.name ?? '');
    await Promise.all([migrateDatabase(sql, 'order'), migrateDatabase(other, 'order')]);
    await other.end();
    const [row] = await sql<{ count: number }[]>`SELECT count(*)::int FROM drizzle.__messaging_migrations`;
    expect(row?.count).toBe(filesOf('messaging').length);
  });

  it('build an index concurrently, and rebuild it after a failed attempt', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'orderflow-migrations-'));
    try {
      const series = (name: string, at: number, statements: string): void => {
        const path = join(folder, name, 'migrations');
        mkdirSync(join(path, 'meta'), { recursive: true });
        const entries = [{ idx: 0, version: '7', when: at, tag: '0000_index', breakpoints: true }];
        writeFileSync(
          join(path, 'meta', '_journal.json'),
          JSON.stringify({ version: '7', dialect: 'postgresql', entries }),
        );
        writeFileSync(join(path, '0000_index.sql'), statements);
      };
      const sql = await emptyDatabase();
      await migrateDatabase(sql, 'order');
      series('messaging', 1, 'SELECT 1;');
      series(
        'order',
        Date.UTC(2100, 0, 1),
        'DROP INDEX CONCURRENTLY IF EXISTS "once";--> statement-breakpoint\nCREATE UNIQUE INDEX CONCURRENTLY "once" ON "outbox" ("correlation_id");',
      );
      const row = (correlation: string) => sql`
        INSERT INTO outbox VALUES
          (${randomUUID()}, 'order-events', 'key', 'order.created', 1, '\\x000000000100', ${correlation}, 'c', 't', now())`;
      await row('same');
      await row('same');
      await expect(migrateDatabase(sql, 'order', folder)).rejects.toThrow(/could not create unique index/);
      const valid = () => sql`SELECT indisvalid FROM pg_index WHERE indexrelid = 'once'::regclass`;
      expect(await valid()).toMatchObject([{ indisvalid: false }]);
      await sql`DELETE FROM outbox`;
      await migrateDatabase(sql, 'order', folder);
      expect(await valid()).toMatchObject([{ indisvalid: true }]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
