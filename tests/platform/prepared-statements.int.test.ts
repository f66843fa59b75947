// Each connection builds and prepares a statement once. After a migration under traffic, prepared statements with an outdated result type must
// not cause lasting errors.
import { randomUUID } from 'node:crypto';
import { eq, sql } from 'drizzle-orm';
import { beforeAll, describe, expect, it } from 'vitest';
import { outbox } from '../../drizzle/messaging/schema.ts';
import { orders } from '../../drizzle/order/schema.ts';
import { insertInto, prepared, updateOf } from '../../services/platform/database/prepared.ts';
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

describe('a transaction after a change of its table succeeds within three attempts', () => {
  /** Returns the errors of the earlier attempts. */
  const succeedWithin3 = async (run: () => Promise<unknown>): Promise<unknown[]> => {
    const errors: unknown[] = [];
    for (;;) {
      try {
        await run();
        return errors;
      } catch (error) {
        errors.push(error);
        if (errors.length === 3) throw error;
      }
    }
  };

  it('when it awaits its statement; the earlier attempts fail with a transient error', async () => {
    const read = () => database.db.transaction((tx) => readIn(tx, 1));
    await read();
    await changeNameType('bigint');
    expect((await succeedWithin3(read)).every(isTransient)).toBe(true);
  });

  // The driver sends the first statement again, behind the other one. The connection must not be used before the server has
  // answered this repetition.
  it(
    'when it sends two statements without waiting; the earlier attempts fail with a transient error',
    { timeout: 10_000 },
    async () => {
      const other = (tx: Parameters<typeof readIn>[0]) =>
        tx.execute(sql`select id from things where id = ${1}`);
      const read = () =>
        database.db.transaction((tx) => Promise.all([readIn(tx, 1).execute(), other(tx).execute()]));
      await read();
      await changeNameType('int');
      expect((await succeedWithin3(read)).every(isTransient)).toBe(true);
    },
  );

  // COMMIT is sent together with the statement, so the server answers COMMIT with a rollback before the driver repeats the statement.
  it('when it does not await its statement, and the row is stored', { timeout: 10_000 }, async () => {
    await changeNameType('text');
    const insert = (id: number) => () =>
      database.db.transaction(async (tx) => {
        void tx
          .execute(sql`insert into things (id, name) values (${id}, ${'8'})`)
          .execute()
          .catch(() => undefined);
      });
    await insert(2)();
    await changeNameType('int');
    await succeedWithin3(insert(3));
    expect(await readIn(database.db, 3)).toMatchObject([{ name: 8 }]);
  });
});

it('a transaction with an undefined parameter is rolled back', async () => {
  const transaction = database.db.transaction(async (tx) => {
    void tx
      .execute(sql`insert into things (id) values (${sql.param(undefined)})`)
      .execute()
      .catch(() => undefined);
    void tx
      .execute(sql`insert into things (id) values (${99})`)
      .execute()
      .catch(() => undefined);
  });
  await expect(transaction).rejects.toThrow('a parameter of a statement is undefined');
  expect(await readIn(database.db, 99)).toEqual([]);
});

describe('statements that are built once', () => {
  const insertOrders = insertInto(orders);
  const updateOrder = updateOf(orders, orders.id);
  const newOrder = (): typeof orders.$inferInsert => ({
    id: randomUUID(),
    customerId: 'c',
    paymentMode: 'AUTO',
    paymentMethod: 'card',
    paymentToken: null,
    totalMinor: 12,
    currency: 'EUR',
    status: 'PENDING',
    cancellationReason: null,
    reservationState: 'pending',
    reservationExpiresAt: null,
    paymentState: 'none',
    version: 1,
    createdAt: new Date('2026-03-04T05:06:07.089Z'),
    updatedAt: new Date('2026-03-04T05:06:07.089Z'),
  });
  const storedOrders = (id: string) => database.db.select().from(orders).where(eq(orders.id, id));

  it('store the values of each row, whatever the sequence of its columns', async () => {
    const [first, second] = [newOrder(), newOrder()];
    const { id, ...others } = second;
    await database.db.transaction((tx) => insertOrders(tx, [first, { ...others, id }]).execute());
    expect(await storedOrders(first.id)).toMatchObject([first]);
    expect(await storedOrders(id)).toMatchObject([second]);
  });

  it('set the given columns, also to null and back', async () => {
    const order = newOrder();
    await database.db.transaction((tx) => insertOrders(tx, [order]).execute());
    const reservationExpiresAt = new Date('2027-01-02T03:04:05.006Z');
    for (const change of [{ reservationExpiresAt }, { reservationExpiresAt: null }, { version: 2 }]) {
      await database.db.transaction((tx) => updateOrder(tx, order.id, change).execute());
      expect(await storedOrders(order.id)).toMatchObject([change]);
    }
    expect(await storedOrders(order.id)).toMatchObject([{ ...order, version: 2 }]);
  });

  it('ignore a row that exists, if they are told to, and count the inserted rows', async () => {
    const insertNew = insertInto(orders, { ignoreConflicts: true });
    const order = newOrder();
    const insertTwice = await database.db.transaction(async (tx) => [
      await insertNew(tx, [order]).execute(),
      await insertNew(tx, [{ ...order, version: 9 }]).execute(),
    ]);
    expect(insertTwice.map(({ count }) => count)).toEqual([1, 0]);
    expect(await storedOrders(order.id)).toMatchObject([{ version: 1 }]);
  });

  it('are built once for all transactions of a connection', async () => {
    let built = 0;
    const eventsOf = prepared((db) => {
      built += 1;
      return db
        .select()
        .from(outbox)
        .where(eq(outbox.aggregateId, sql.placeholder('key')))
        .prepare('events_of');
    });
    for (const key of ['a', 'b'])
      expect(await database.db.transaction((tx) => eventsOf(tx).execute({ key }))).toEqual([]);
    expect(built).toBe(1);
  });

  it('are refused after the end of their transaction', async () => {
    let send: (() => Promise<unknown>) | undefined;
    const order = newOrder();
    await database.db.transaction(async (tx) => {
      send = () => Promise.try(() => insertOrders(tx, [order]).execute());
    });
    await expect(send?.()).rejects.toThrow('after the end of its transaction');
    expect(await storedOrders(order.id)).toEqual([]);
  });
});
