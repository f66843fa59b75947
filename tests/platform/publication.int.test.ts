// The publication that a connector reads is corrected, whatever an operator has made of it.
import postgres from 'postgres';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ensurePublication } from '../../scripts/stack/provision/slot.ts';
import { createTestDatabase, type TestDatabase } from '../stack/test-database.ts';
import { stack } from '../stack/worker-stack.ts';

let database: TestDatabase;
let sql: postgres.Sql;
beforeAll(async () => {
  database = await createTestDatabase('order', stack.databases.order.admin);
  sql = postgres(database.url, { max: 1, onnotice: () => undefined });
});
afterAll(async () => {
  await sql.end();
  await database.drop();
});

it.each([
  ['that does not exist', 'select 1'],
  ['of all tables', 'create publication outbox_test for all tables'],
  ['of another table', 'create publication outbox_test for table orders'],
  ['that also publishes updates', 'create publication outbox_test for table outbox'],
  [
    'with a row filter',
    "create publication outbox_test for table outbox where (id is null) with (publish = 'insert')",
  ],
  ['of some columns', "create publication outbox_test for table outbox (id) with (publish = 'insert')"],
])('a publication %s is created or corrected', async (_, statement) => {
  await sql`drop publication if exists outbox_test`;
  await sql.unsafe(statement);
  await ensurePublication(sql, 'outbox_test');
  expect(
    await sql`
      select pubinsert and not pubupdate and not pubdelete and not pubtruncate and not puballtables as "onlyInserts",
             r.prrelid::regclass::text as table, r.prqual is null as "allRows", r.prattrs is null as "allColumns"
      from pg_publication p join pg_publication_rel r on r.prpubid = p.oid where pubname = 'outbox_test'`,
  ).toEqual([{ onlyInserts: true, table: 'outbox', allRows: true, allColumns: true }]);
});
