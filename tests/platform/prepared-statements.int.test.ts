// Each connection prepares a statement once. After a migration under traffic, prepared statements with an outdated result type must
// not cause lasting errors.
import { sql } from 'drizzle-orm';
import { beforeAll, expect, it } from 'vitest';
import { isTransient } from '../../services/platform/database/transient.ts';
import { useTestDatabase, type TestDatabaseHandle } from '../support/database.ts';

const database = useTestDatabase('order', { poolSize: 1 });
beforeAll(async () => {
  await database.db.execute(sql`create table things (id int, name text)`);
  await database.db.execute(sql`insert into things values (1, '7')`);
});

const readIn = (db: Pick<TestDatabaseHandle['db'], 'execute'>, id: number) =>
  db.execute(sql`select name from things where id = ${id}`);
const changeNameType = (type: string) =>
  database.db.execute(sql.raw(`alter table things alter column name type ${type} using name::${type}`));

it('a statement is prepared once for all its parameter values, inside and outside of a transaction', async () => {
  await readIn(database.db, 1);
  await readIn(database.db, 2);
  await database.db.transaction((tx) => readIn(tx, 3));
  const found = await database.db.execute(
    sql`select count(*)::int as plans from pg_prepared_statements where statement like 'select name from things%'`,
  );
  expect(found).toMatchObject([{ plans: 1 }]);
});

it('a query succeeds after a change of its table', async () => {
  await readIn(database.db, 1);
  await changeNameType('int');
  expect(await readIn(database.db, 1)).toMatchObject([{ name: 7 }]);
});

it('a transaction after a change of its table succeeds within three attempts; the earlier attempts fail with a transient error', async () => {
  await database.db.transaction((tx) => readIn(tx, 1));
  await changeNameType('bigint');
  const attempts: unknown[] = [];
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const outcome = await database.db
      .transaction((tx) => readIn(tx, 1))
      .then(
        () => 'read',
        (error: unknown) => (isTransient(error) ? 'transient error' : error),
      );
    attempts.push(outcome);
    if (outcome === 'read') break;
  }
  expect(attempts.at(-1)).toBe('read');
  expect(attempts.slice(0, -1).every((outcome) => outcome === 'transient error')).toBe(true);
});
