// A transaction sends COMMIT without waiting for the results of earlier statements. The transaction must still be atomic.
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
const insert = (tx: Tx, id: number) => tx.execute(sql`insert into things values (${id})`);
const storedIds = async (): Promise<unknown[]> => [
  ...(await database.db.execute(sql`select id from things`)),
];
/** Starts a statement without waiting for it. */
const start = (statement: ReturnType<typeof insert>): void => {
  statement.execute().catch(() => undefined);
};

it('a transaction commits statements whose results are not awaited', async () => {
  await database.db.transaction(async (tx) => {
    start(insert(tx, 1));
    start(insert(tx, 2));
  });
  expect(await storedIds()).toEqual([{ id: 1 }, { id: 2 }]);
});

it('a transaction commits nothing when one of its statements fails, and throws the error of that statement', async () => {
  const transaction = database.db.transaction(async (tx) => {
    start(insert(tx, 1));
    start(insert(tx, -1));
    start(insert(tx, 3));
  });
  await expect(transaction).rejects.toMatchObject({ code: '23514' });
  expect(await storedIds()).toEqual([]);
  await database.db.transaction((tx) => insert(tx, 4));
  expect(await storedIds()).toEqual([{ id: 4 }]);
});

it('a transaction needs one round trip for BEGIN and the awaited results, and one for the other statements and COMMIT', async () => {
  // The first transaction of a connection also waits for BEGIN alone.
  await database.db.transaction((tx) => insert(tx, 3));
  const usageBefore = database.connection.usage();
  await database.db.transaction(async (tx) => {
    await Promise.all([tx.execute(sql`select 1`), tx.execute(sql`select 2`)]);
    start(insert(tx, 1));
    start(insert(tx, 2));
  });
  const usageAfter = database.connection.usage();
  expect(usageAfter.roundTrips - usageBefore.roundTrips).toBe(2);
  expect(usageAfter.transactions - usageBefore.transactions).toBe(1);
});

it('a statement outside of a transaction commits in one round trip when it writes', async () => {
  await database.db.transaction((tx) => insert(tx, 3));
  const usageBefore = database.connection.usage();
  await insert(database.db, 1);
  const usageAfter = database.connection.usage();
  expect(usageAfter.roundTrips - usageBefore.roundTrips).toBe(1);
  expect(await storedIds()).toEqual([{ id: 3 }, { id: 1 }]);
});

// If BEGIN fails, the server executes the statements that were sent with it outside of any transaction. They must not write, so
// sessions are read-only by default. A plain SELECT is sent without BEGIN, so a SELECT that writes shows the refusal.
it('without BEGIN, the server refuses to write', async () => {
  await database.db.execute(sql`create or replace function write_thing() returns int language sql as
    'insert into things values (7) returning id'`);
  await expect(database.db.execute(sql`select write_thing()`)).rejects.toMatchObject({
    cause: { code: '25006' },
  });
  expect(await storedIds()).toEqual([]);
});

it('no statement of a transaction is executed after its connection is lost', async () => {
  const resumed = Promise.withResolvers<undefined>();
  let outcomeOfLateInsert: unknown;
  const transaction = database.db.transaction(async (tx) => {
    await insert(tx, 1);
    const [backend] = await tx.execute<{ pid: number }>(sql`select pg_backend_pid() as pid`);
    await database.db.execute(sql`select pg_terminate_backend(${backend?.pid ?? 0})`);
    await resumed.promise;
    outcomeOfLateInsert = await insert(tx, 2)
      .execute()
      .then(
        () => 'inserted',
        () => 'refused',
      );
  });
  await expect(transaction).rejects.toSatisfy(isTransient);
  resumed.resolve(undefined);
  await expect.poll(() => outcomeOfLateInsert).toBe('refused');
  expect(await storedIds()).toEqual([]);
});

it('a transaction rejects statements after its end', async () => {
  let endedTransaction: Tx | undefined;
  await database.db.transaction(async (tx) => {
    endedTransaction = tx;
  });
  await expect(insert(endedTransaction ?? database.db, 1).execute()).rejects.toMatchObject({
    cause: { message: 'a statement was sent after the end of its transaction' },
  });
  expect(await storedIds()).toEqual([]);
});
