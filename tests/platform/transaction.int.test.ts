// A transaction sends COMMIT without waiting for the results of earlier statements. It must still be all or nothing.
import { sql } from 'drizzle-orm';
import { beforeAll, beforeEach, expect, it } from 'vitest';
import { isTransient } from '../../services/platform/database/transient.ts';
import { useTestDatabase, type TestDatabaseHandle } from '../support/database.ts';

const database = useTestDatabase('order', { poolSize: 2 });
beforeAll(async () => {
  await database.db.execute(sql`create table things (id int primary key check (id > 0))`);
});
beforeEach(async () => {
  await database.db.execute(sql`truncate things`);
});

type Tx = Pick<TestDatabaseHandle['db'], 'execute'>;
const insert = (on: Tx, id: number) => on.execute(sql`insert into things values (${id})`);
const stored = async (): Promise<unknown[]> => [...(await database.db.execute(sql`select id from things`))];
/** Starts a statement without waiting for it. */
const start = (statement: ReturnType<typeof insert>): void => {
  statement.execute().catch(() => undefined);
};

it('commits statements whose results nobody awaits', async () => {
  await database.db.transaction(async (tx) => {
    start(insert(tx, 1));
    start(insert(tx, 2));
  });
  expect(await stored()).toEqual([{ id: 1 }, { id: 2 }]);
});

it('commits nothing when one of the statements fails, and throws the error of that statement', async () => {
  const transaction = database.db.transaction(async (tx) => {
    start(insert(tx, 1));
    start(insert(tx, -1));
    start(insert(tx, 3));
  });
  await expect(transaction).rejects.toMatchObject({ code: '23514' });
  expect(await stored()).toEqual([]);
  await database.db.transaction((tx) => insert(tx, 4));
  expect(await stored()).toEqual([{ id: 4 }]);
});

it('needs one round trip for BEGIN, one for the awaited results, one for the rest and COMMIT', async () => {
  const before = database.connection.usage();
  await database.db.transaction(async (tx) => {
    await Promise.all([tx.execute(sql`select 1`), tx.execute(sql`select 2`)]);
    start(insert(tx, 1));
    start(insert(tx, 2));
  });
  const after = database.connection.usage();
  expect(after.roundTrips - before.roundTrips).toBe(3);
  expect(after.transactions - before.transactions).toBe(1);
});

it('executes no statement of a transaction after its connection is lost', async () => {
  const lost = Promise.withResolvers<undefined>();
  let late: unknown;
  const transaction = database.db.transaction(async (tx) => {
    await insert(tx, 1);
    const [backend] = await tx.execute<{ pid: number }>(sql`select pg_backend_pid() as pid`);
    await database.db.execute(sql`select pg_terminate_backend(${backend?.pid ?? 0})`);
    await lost.promise;
    late = await insert(tx, 2)
      .execute()
      .then(
        () => 'inserted',
        () => 'refused',
      );
  });
  await expect(transaction).rejects.toSatisfy(isTransient);
  lost.resolve(undefined);
  await expect.poll(() => late).toBe('refused');
  expect(await stored()).toEqual([]);
});

it('rejects a statement after its end', async () => {
  let kept: Tx | undefined;
  await database.db.transaction(async (tx) => {
    kept = tx;
  });
  await expect(insert(kept ?? database.db, 1).execute()).rejects.toMatchObject({
    cause: { message: 'a statement was sent after the end of its transaction' },
  });
  expect(await stored()).toEqual([]);
});
