// The sums that the auditor computes over the stock ledger, on a real database.
import { sql } from 'drizzle-orm';
import { beforeEach, expect, it } from 'vitest';
import { openStockLedger } from '../../services/auditor/stock-ledger.ts';
import { useTestDatabase } from '../support/database.ts';

const limits = { products: 2, movements: 3 };
const database = useTestDatabase('inventory');
beforeEach(async () => {
  await database.db.execute(sql`truncate inventory cascade`);
});

const addProduct = (id: string, available: number) =>
  database.db.execute(sql`
    insert into inventory (product_id, seller_id, name, sku, price_minor, currency, available, reserved, version, created_at)
    values (${id}, 'seller', ${id}, ${id}, 100, 'EUR', ${available}, 0, 1, now())`);
const move = (id: string, delta: number) =>
  database.db.execute(sql`
    insert into stock_movements
      (product_id, kind, available_delta, reserved_delta, order_id, actor, correlation_id, occurred_at)
    values (${id}, 'restock', ${delta}, 0, null, 'test', 'c', now())`);
const restock = async (id: string, delta: number): Promise<void> => {
  await database.db.execute(
    sql`update inventory set available = available + ${delta} where product_id = ${id}`,
  );
  await move(id, delta);
};

it('the sum of each product is correct after many transactions and reads', async () => {
  const ids = ['a', 'b', 'c', 'd', 'e'];
  for (const id of ids) {
    await addProduct(id, 10);
    await move(id, 10);
  }
  for (let count = 0; count < 8; count += 1) await restock('c', 1);
  const ledger = openStockLedger(database.db, limits);
  const sums = async () => (await ledger.read()).map((fact) => [fact.productId, fact.ledgerAvailable]);
  expect(await sums()).toEqual([
    ['a', 10],
    ['b', 10],
    ['c', 18],
    ['d', 10],
    ['e', 10],
  ]);
  await restock('e', 5);
  expect((await sums()).at(-1)).toEqual(['e', 15]);
});

it('a product whose stock differs from its ledger is reported at each read', async () => {
  await addProduct('a', 10);
  await move('a', 9);
  const ledger = openStockLedger(database.db, limits);
  for (let read = 0; read < 2; read += 1)
    expect(await ledger.read()).toMatchObject([{ available: 10, ledgerAvailable: 9 }]);
});

it('after a restore to an earlier state, no difference is reported', async () => {
  await addProduct('a', 10);
  await move('a', 10);
  const ledger = openStockLedger(database.db, limits);
  await ledger.read();
  await database.db.execute(sql`truncate inventory restart identity cascade`);
  await addProduct('a', 7);
  await move('a', 7);
  expect(await ledger.read()).toMatchObject([{ available: 7, ledgerAvailable: 7 }]);
});
