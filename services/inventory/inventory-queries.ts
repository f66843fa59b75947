// Reads products, stock movements and reservations without locks, for the HTTP routes, the metrics and the expiry sweep. A
// row may have changed since it was read, so store.ts loads the row again under a lock before it changes stock.
import { and, asc, count, desc, eq, gt, lte, sql } from 'drizzle-orm';
import { inventory, reservationItems, reservations, stockMovements } from '../../drizzle/inventory/schema.ts';
import type { Database } from '../platform/database/database.ts';
import type { Product } from './domain/product.ts';
import { toProduct } from './store.ts';

/** Up to `limit` ids, sorted and greater than `after`, of orders whose reservation is due to expire. */
export const findDueReservations = async (
  db: Database,
  now: Date,
  limit: number,
  after?: string,
): Promise<string[]> => {
  const rows = await db
    .select({ orderId: reservations.orderId })
    .from(reservations)
    .where(
      and(
        eq(reservations.state, 'reserved'),
        lte(reservations.expiresAt, now),
        after === undefined ? undefined : gt(reservations.orderId, after),
      ),
    )
    .orderBy(asc(reservations.orderId))
    .limit(limit);
  return rows.map((row) => row.orderId);
};

/** Number of reservations that hold stock, by state. */
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

export type ProductSort = 'id' | 'name' | 'price' | '-price';

/** A position in a sorted list: the sort value, then the product id, which sorts products with equal values. */
export interface ProductPosition {
  readonly productId: string;
  readonly value: string | number;
}

export const positionOf = ({ productId, name, price }: Product, sort: ProductSort): ProductPosition => ({
  productId,
  value: { id: productId, name, price: price.amountMinor, '-price': price.amountMinor }[sort],
});

const sortColumn = {
  id: inventory.productId,
  name: inventory.name,
  price: inventory.priceMinor,
  '-price': inventory.priceMinor,
} as const;

/** Products after the given position whose name or SKU contains each of the words. */
export const listProducts = async (
  db: Database,
  {
    sellerId,
    words,
    sort,
    limit,
    after,
  }: {
    readonly sellerId: string | undefined;
    readonly words: readonly string[];
    readonly sort: ProductSort;
    readonly limit: number;
    readonly after: ProductPosition | undefined;
  },
): Promise<Product[]> => {
  const [direction, comparison] = sort === '-price' ? [desc, sql`<`] : [asc, sql`>`];
  const column = sortColumn[sort];
  const text = sql`lower(${inventory.name} || ' ' || ${inventory.sku})`;
  const rows = await db
    .select()
    .from(inventory)
    .where(
      and(
        sellerId === undefined ? undefined : eq(inventory.sellerId, sellerId),
        ...words.map((word) => sql`strpos(${text}, lower(${word})) > 0`),
        after === undefined
          ? undefined
          : sql`(${column}, ${inventory.productId}) ${comparison} (${after.value}, ${after.productId})`,
      ),
    )
    .orderBy(direction(column), direction(inventory.productId))
    .limit(limit);
  return rows.map(toProduct);
};

/** The stock movements of a product before the given sequence number, newest first. */
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

/** The reservation of an order. With `sellerId`, only that seller's items; undefined if there is no such reservation or item. */
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
