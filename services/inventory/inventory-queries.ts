// Reads products, stock movements and reservations without a lock, for the HTTP lists, the metrics and the expiry. These rows
// may have changed by the time they are used; what changes stock loads them again under the lock of store.ts.
import { and, asc, count, desc, eq, gt, lte, sql } from 'drizzle-orm';
import { inventory, reservationItems, reservations, stockMovements } from '../../drizzle/inventory/schema.ts';
import type { Database } from '../platform/database/database.ts';
import type { Product } from './domain/product.ts';
import { toProduct } from './store.ts';

/** Orders whose hold has lapsed, at most `limit`. Not locked: whoever expires one looks again under the lock. */
export const dueReservations = async (db: Database, now: Date, limit: number): Promise<string[]> => {
  const rows = await db
    .select({ orderId: reservations.orderId })
    .from(reservations)
    .where(and(eq(reservations.state, 'reserved'), lte(reservations.expiresAt, now)))
    .orderBy(asc(reservations.expiresAt))
    .limit(limit);
  return rows.map((row) => row.orderId);
};

/** How many reservations hold stock, by state. */
export const countHeld = async (db: Database): Promise<ReadonlyMap<string, number>> => {
  const rows = await db
    .select({ state: reservations.state, orders: count() })
    .from(reservations)
    .where(sql`${reservations.state} in ('reserved','pinned')`)
    .groupBy(reservations.state);
  return new Map([
    ['reserved', 0],
    ['pinned', 0],
    ...rows.map(({ state, orders }): [string, number] => [state, orders]),
  ]);
};

export const findProduct = async (db: Database, productId: string): Promise<Product | undefined> => {
  const [row] = await db.select().from(inventory).where(eq(inventory.productId, productId));
  return row && toProduct(row);
};

/** Products in product-id order, after the given id; with `sellerId`, only those of this seller. */
export const listProducts = async (
  db: Database,
  {
    sellerId,
    limit,
    after,
  }: { readonly sellerId: string | undefined; readonly limit: number; readonly after: string | undefined },
): Promise<Product[]> => {
  const rows = await db
    .select()
    .from(inventory)
    .where(
      and(
        sellerId === undefined ? undefined : eq(inventory.sellerId, sellerId),
        after === undefined ? undefined : gt(inventory.productId, after),
      ),
    )
    .orderBy(asc(inventory.productId))
    .limit(limit);
  return rows.map(toProduct);
};

/** Movements of a product's stock, newest first, before the given sequence number. */
export const listMovements = (
  db: Database,
  productId: string,
  page: { readonly limit: number; readonly before: number | undefined },
) =>
  db
    .select()
    .from(stockMovements)
    .where(
      and(
        eq(stockMovements.productId, productId),
        page.before === undefined ? undefined : sql`${stockMovements.sequence} < ${page.before}`,
      ),
    )
    .orderBy(desc(stockMovements.sequence))
    .limit(page.limit);

/** The reservation of an order with its items; with `sellerId`, only that seller's items, and none is undefined. */
export const findReservation = async (db: Database, orderId: string, sellerId?: string) => {
  const [row] = await db.select().from(reservations).where(eq(reservations.orderId, orderId));
  if (!row) return undefined;
  const items = await db
    .select({ productId: reservationItems.productId, quantity: reservationItems.quantity })
    .from(reservationItems)
    .innerJoin(inventory, eq(inventory.productId, reservationItems.productId))
    .where(
      and(
        eq(reservationItems.orderId, orderId),
        sellerId === undefined ? undefined : eq(inventory.sellerId, sellerId),
      ),
    )
    .orderBy(asc(reservationItems.productId));
  return sellerId !== undefined && items.length === 0 ? undefined : { ...row, items };
};
