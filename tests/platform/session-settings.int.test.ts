// Each connection sets the session settings that the code relies on, so different defaults of the role or the database have no effect.
import { randomUUID } from 'node:crypto';
import { eq, sql } from 'drizzle-orm';
import postgres from 'postgres';
import { beforeAll, describe, expect, it } from 'vitest';
import { outbox } from '../../drizzle/messaging/schema.ts';
import { stack } from '../stack/worker-stack.ts';
import { useTestDatabase } from '../support/database.ts';

const unusualDefaults = {
  DateStyle: "'German, DMY'",
  IntervalStyle: "'sql_standard'",
  TimeZone: "'Pacific/Auckland'",
  bytea_output: "'escape'",
  search_path: 'pg_catalog',
  default_transaction_isolation: "'serializable'",
  statement_timeout: "'1ms'",
  lock_timeout: "'1ms'",
} as const;

const database = useTestDatabase('order');
beforeAll(async () => {
  const admin = postgres(stack.databases.order.admin, { max: 1 });
  const role = new URL(database.url).username;
  for (const [name, value] of Object.entries(unusualDefaults)) {
    await admin.unsafe(`ALTER DATABASE ${database.name} SET ${name} = ${value}`);
    await admin.unsafe(`ALTER ROLE ${role} IN DATABASE ${database.name} SET ${name} = ${value}`);
  }
  await admin.end();
});

describe('unusual defaults of a database and of a role', () => {
  it('are stored in the database', async () => {
    const admin = postgres(stack.databases.order.admin, { max: 1 });
    const rows = await admin<{ settings: string[] }[]>`
      SELECT setconfig AS settings FROM pg_db_role_setting
      JOIN pg_database ON pg_database.oid = setdatabase WHERE datname = ${database.name}`;
    await admin.end();
    expect(rows.map(({ settings }) => settings.length)).toEqual([8, 8]);
  });

  it('do not change the values that are written and read', async () => {
    const id = randomUUID();
    const occurredAt = new Date('2026-03-04T05:06:07.089Z');
    const payload = Buffer.from([0, 0, 0, 0, 1, 255, 92, 7]);
    await database.db.insert(outbox).values({
      id,
      aggregateType: 'order-events',
      aggregateId: 'key',
      eventType: 'order.created',
      schemaId: 1,
      payload,
      correlationId: 'c',
      causationId: 'c',
      traceparent: 't',
      occurredAt,
    });
    const [row] = await database.db.select().from(outbox).where(eq(outbox.id, id));
    expect(row).toMatchObject({ occurredAt, payload });
  });

  it('change neither the isolation level nor the timeouts', async () => {
    const [row] = await database.db.execute(sql`
      SELECT current_setting('transaction_isolation') AS isolation, current_setting('statement_timeout') AS statements,
             current_setting('lock_timeout') AS locks, (interval '1 day 2 hours')::text AS span, now()::text AS now`);
    expect(row).toMatchObject({
      isolation: 'read committed',
      statements: '5s',
      locks: '3s',
      span: '1 day 02:00:00',
    });
    expect(row?.['now']).toMatch(/^\d{4}-\d\d-\d\d .*\+00$/);
  });
});
