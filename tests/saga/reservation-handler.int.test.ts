// Concurrent reservations on a real database. Most of these tests fail without the row locks.
import { randomUUID } from 'node:crypto';
import { eq, sql } from 'drizzle-orm';
import postgres from 'postgres';
import { afterAll, describe, expect, it } from 'vitest';
import { inventory, reservations, stockMovements } from '../../drizzle/inventory/schema.ts';
import { outbox } from '../../drizzle/messaging/schema.ts';
import { stack } from '../stack/worker-stack.ts';
import { testContext, useTestShell } from '../support/database.ts';
import { constraintViolation } from '../../services/platform/database/constraint-violation.ts';
import { handle, unclaimed, type Shell } from '../../services/platform/transaction/handle.ts';
import { createLogger } from '../../services/platform/process/logger.ts';
import type { ReservationInput } from '../../services/inventory/domain/reservation.ts';
import { inventoryProblems } from '../../services/inventory/http/api.ts';
import { toProblem } from '../../services/platform/http/server/errors.ts';
import { eventually } from '../support/shop.ts';
import { expireReservations } from '../../services/inventory/jobs/expire-reservations.ts';
import { shareTransactions } from '../../services/platform/transaction/shared-transaction.ts';
import { productHandler, reservationHandler } from '../../services/inventory/store.ts';

const logger = createLogger({ service: 'test', level: 'error' });
const neverAborted = new AbortController().signal;
const admin = postgres(stack.databases.inventory.admin, { max: 1 });
const { database, shell } = useTestShell('inventory', [
  'inventory.reserved',
  'inventory.reservation_failed',
  'inventory.released',
  'inventory.product_changed',
]);

afterAll(async () => {
  await admin.end();
});

const price = { amountMinor: 100, currency: 'EUR' };
const create = (on: Shell, productId: string, quantity: number, sku = productId) => {
  const at = new Date();
  const input = {
    type: 'create',
    productId,
    sellerId: 's',
    name: 'n',
    sku,
    price,
    quantity,
    at,
  } as const;
  return handle(on, productHandler, { id: randomUUID(), context: testContext, at, input }, unclaimed);
};
const newProduct = async (quantity: number): Promise<string> => {
  const productId = randomUUID();
  await create(shell, productId, quantity);
  return productId;
};
const submitOn = (input: ReservationInput) => (on: Shell) => {
  const { at, data } = input;
  const message = { id: randomUUID(), key: data.orderId, context: testContext, at, input };
  return handle(on, reservationHandler, message, unclaimed);
};
const submit = (input: ReservationInput) => submitOn(input)(shell);
const orderCreated = (
  orderId: string,
  productIds: readonly string[],
  { quantity = 1, ttlMs = 60_000 } = {},
): ReservationInput => {
  const items = productIds.map((productId) => ({ productId, sellerId: 's', quantity, unitPrice: price }));
  const payment = { mode: 'AUTO', method: 'card', token: null } as const;
  const data = { orderId, customerId: 'c', items, total: price, payment };
  return { type: 'order.created', data, at: new Date(), ttlMs };
};
const buy = async (productIds: readonly string[], { ttlMs = 60_000, on = shell } = {}): Promise<string> => {
  const orderId = randomUUID();
  await submitOn(orderCreated(orderId, productIds, { ttlMs }))(on);
  return orderId;
};
const stock = async (productId: string) => {
  const [row] = await shell.db
    .select({ available: inventory.available, reserved: inventory.reserved })
    .from(inventory)
    .where(eq(inventory.productId, productId));
  return row;
};
const stateOf = async (orderId: string) =>
  (await shell.db.select().from(reservations).where(eq(reservations.orderId, orderId)))[0]?.state;

describe('concurrent reservations', () => {
  it('of 10 units by 60 orders: ten succeed, fifty fail, and no request ends with an error', async () => {
    const productId = await newProduct(10);
    const orders = await Promise.all(Array.from({ length: 60 }, () => buy([productId])));
    const states = await Promise.all(orders.map(stateOf));
    expect(states.filter((state) => state === 'reserved')).toHaveLength(10);
    expect(states.filter((state) => state === 'failed')).toHaveLength(50);
    expect(await stock(productId)).toEqual({ available: 10, reserved: 10 });
    const [ledger] = await shell.db
      .select({ reserved: sql<number>`sum(${stockMovements.reservedDelta})::int` })
      .from(stockMovements)
      .where(eq(stockMovements.productId, productId));
    expect(ledger).toEqual({ reserved: 10 });
  });

  it('of the same products in opposite sequence do not deadlock', async () => {
    const [a, b] = [await newProduct(100), await newProduct(100)];
    const orders = await Promise.all(
      Array.from({ length: 40 }, (_, index) => buy(index % 2 === 0 ? [a, b] : [b, a])),
    );
    expect(new Set(await Promise.all(orders.map(stateOf)))).toEqual(new Set(['reserved']));
    expect([await stock(a), await stock(b)]).toEqual([
      { available: 100, reserved: 40 },
      { available: 100, reserved: 40 },
    ]);
  });

  it('that share a transaction see the earlier reservations in the transaction', async () => {
    const productId = await newProduct(10);
    const sharingShell = { db: shell.db, codec: shell.codec, shared: shareTransactions(shell.db) };
    const transactionsBefore = database.connection.usage().transactions;
    const orders = await Promise.all(
      Array.from({ length: 30 }, () => buy([productId], { on: sharingShell })),
    );
    // Two transactions: one for the first order, one for all other orders. If the database had refused to oversell, each order
    // would have been handled again in a separate transaction.
    expect(database.connection.usage().transactions - transactionsBefore).toBe(2);
    const states = await Promise.all(orders.map(stateOf));
    expect(states.filter((state) => state === 'reserved')).toHaveLength(10);
    expect(states.filter((state) => state === 'failed')).toHaveLength(20);
    expect(await stock(productId)).toEqual({ available: 10, reserved: 10 });
  });

  it('that share transactions in several instances do not deadlock over the same products', async () => {
    const products = await Promise.all(Array.from({ length: 4 }, () => newProduct(1_000)));
    const instances = Array.from({ length: 4 }, () => ({
      db: shell.db,
      codec: shell.codec,
      shared: shareTransactions(shell.db),
    }));
    const transactionsBefore = database.connection.usage().transactions;
    const orders = await Promise.all(
      Array.from({ length: 200 }, (_, index) => {
        const [productId, on] = [products[(index >> 2) % 4], instances[index % 4]];
        if (!productId || !on) throw new Error('unreachable');
        return buy([productId], { on });
      }),
    );
    // Three transactions per instance: with 1, 32 and 17 orders. After a deadlock, each order would have
    // been handled again in a separate transaction.
    expect(database.connection.usage().transactions - transactionsBefore).toBe(12);
    expect(new Set(await Promise.all(orders.map(stateOf)))).toEqual(new Set(['reserved']));
  });

  it('cannot oversell: the database refuses to reserve more units than are available', async () => {
    const productId = await newProduct(1);
    const oversell = shell.db
      .update(inventory)
      .set({ reserved: 2 })
      .where(eq(inventory.productId, productId));
    await expect(oversell).rejects.toMatchObject({ cause: { code: '23514' } });
  });
});

describe('two concurrent inputs for a row that does not exist yet', () => {
  /** Handles `second` after `first` has written and before `first` has committed, so the second input has to wait for the first. */
  const race = async (first: (shell: Shell) => Promise<unknown>, second: () => Promise<unknown>) => {
    const stored = Promise.withResolvers<undefined>();
    const reach = async (point: string): Promise<boolean> => {
      if (point !== 'after-effects') return false;
      stored.resolve(undefined);
      await eventually('the second input waits for a lock', async () => {
        const rows = await admin`
          SELECT 1 FROM pg_stat_activity WHERE datname = ${database.name} AND wait_event_type = 'Lock'`;
        return rows.length > 0;
      });
      return false;
    };
    const faults = { reach, arm: () => undefined, disarm: () => undefined, armed: () => [] };
    const firstResult = first({ ...shell, faults });
    // If the first input fails before it has written, its error ends the wait.
    await Promise.race([stored.promise, firstResult]);
    return Promise.all([firstResult, second()]);
  };
  const cancelled = (orderId: string): ReservationInput => ({
    type: 'order.cancelled',
    data: { orderId, customerId: 'c', reason: 'customer_cancelled' },
    at: new Date(),
    ttlMs: 60_000,
  });
  const threeUnits = (orderId: string, productId: string) =>
    orderCreated(orderId, [productId], { quantity: 3 });

  it('leave no unit reserved: an order, then its cancellation', async () => {
    const [orderId, productId] = [randomUUID(), await newProduct(10)];
    await race(submitOn(threeUnits(orderId, productId)), () => submit(cancelled(orderId)));
    expect(await stateOf(orderId)).toBe('released');
    expect(await stock(productId)).toEqual({ available: 10, reserved: 0 });
  });

  it('leave no unit reserved: a cancellation, then its order', async () => {
    const [orderId, productId] = [randomUUID(), await newProduct(10)];
    await race(submitOn(cancelled(orderId)), () => submit(threeUnits(orderId, productId)));
    expect(await stateOf(orderId)).toBe('released');
    expect(await stock(productId)).toEqual({ available: 10, reserved: 0 });
  });

  it('reserve the units once: the same order twice', async () => {
    const [orderId, productId] = [randomUUID(), await newProduct(10)];
    await race(submitOn(threeUnits(orderId, productId)), () => submit(threeUnits(orderId, productId)));
    expect(await stock(productId)).toEqual({ available: 10, reserved: 3 });
  });

  it('create one product, with the stock of the first input, if they create the same product', async () => {
    const productId = randomUUID();
    await race(
      (on: Shell) => create(on, productId, 5),
      () => create(shell, productId, 7),
    );
    expect(await stock(productId)).toEqual({ available: 5, reserved: 0 });
    const movements = await shell.db
      .select()
      .from(stockMovements)
      .where(eq(stockMovements.productId, productId));
    expect(movements.map(({ kind }) => kind)).toEqual(['initial']);
  });

  it('create one product if they have the same seller and SKU: the second is refused with sku_taken', async () => {
    const sku = randomUUID();
    const createAnother = (on: Shell) => create(on, randomUUID(), 1, sku);
    const error = await race(createAnother, () => createAnother(shell)).catch((reason: unknown) => reason);
    expect(constraintViolation(error)).toEqual({ constraint: 'inventory_sku', kind: 'lost_race' });
    expect(toProblem(error, inventoryProblems)).toMatchObject({ code: 'sku_taken', status: 409 });
  });
});

describe('the expiry sweep', () => {
  it('in several instances at once expires each reservation once', async () => {
    const productId = await newProduct(30);
    const orders = await Promise.all(Array.from({ length: 30 }, () => buy([productId], { ttlMs: 1 })));
    const unexpiredOrder = await buy([await newProduct(1)], { ttlMs: 3_600_000 });
    const expiredCounts = await Promise.all(
      [1, 2, 3].map(() => expireReservations(shell, logger, neverAborted)),
    );
    expect(expiredCounts.reduce((sum, expired) => sum + expired)).toBe(30);
    expect(new Set(await Promise.all(orders.map(stateOf)))).toEqual(new Set(['expired']));
    expect(await stateOf(unexpiredOrder)).toBe('reserved');
    expect(await stock(productId)).toEqual({ available: 30, reserved: 0 });
    const events = await shell.db.select().from(outbox).where(eq(outbox.eventType, 'inventory.released'));
    expect(events.filter((event) => orders.includes(event.aggregateId))).toHaveLength(30);
  });
});
