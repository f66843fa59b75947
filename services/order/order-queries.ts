// Reads orders without a lock, for the HTTP lists and for the deadline. The invariant: a viewer reads only the orders, and of
// each only the lines, that belong to them.
import { and, asc, desc, eq, exists, lte, sql, type SQL } from 'drizzle-orm';
import { orderEvents, orderItems, orders } from '../../drizzle/order/schema.ts';
import type { Database } from '../platform/database/database.ts';
import { statusOf, type Order, type OrderStatus } from './domain/order.ts';
import { toOrder, itemsOf } from './order-rows.ts';

/** Orders placed at or before `placedBy` that still wait for events, oldest first, at most `limit`. Not locked. */
export const waitingOrders = async (db: Database, placedBy: Date, limit: number): Promise<string[]> => {
  const rows = await db
    .select({ id: orders.id })
    .from(orders)
    .where(and(sql`${orders.status} in ('PENDING','CONFIRMED')`, lte(orders.createdAt, placedBy)))
    .orderBy(asc(orders.createdAt))
    .limit(limit);
  return rows.map((row) => row.id);
};

/** Who may see an order, and how much of it. */
export type Viewer =
  | { readonly as: 'customer'; readonly id: string }
  | { readonly as: 'seller'; readonly id: string }
  | { readonly as: 'admin' };

/** The condition on `orders` under which an order exists for the viewer. */
export const visibleTo = (db: Pick<Database, 'select'>, viewer: Viewer): SQL | undefined => {
  switch (viewer.as) {
    case 'admin':
      return undefined;
    case 'customer':
      return eq(orders.customerId, viewer.id);
    case 'seller':
      return exists(
        db
          .select({ one: sql`1` })
          .from(orderItems)
          .where(and(eq(orderItems.orderId, orders.id), eq(orderItems.sellerId, viewer.id))),
      );
    default:
      return viewer satisfies never;
  }
};

/** A seller sees only the own lines, and a total of just those. */
export function seenBy(viewer: Viewer, order: Order): Order {
  if (viewer.as !== 'seller') return order;
  const items = order.items.filter((item) => item.sellerId === viewer.id);
  const amountMinor = items.reduce((sum, item) => sum + item.quantity * item.unitPrice.amountMinor, 0);
  return { ...order, items, total: { ...order.total, amountMinor } };
}

/** The order as the viewer may see it, undefined when it does not exist for the viewer. */
export async function findOrder(
  db: Pick<Database, 'select'>,
  id: string,
  viewer: Viewer,
): Promise<{ order: Order; status: OrderStatus } | undefined> {
  const [row] = await db
    .select()
    .from(orders)
    .where(and(eq(orders.id, id), visibleTo(db, viewer)));
  if (!row) return undefined;
  const order = toOrder(row, await itemsOf(db, [id]));
  return { order: seenBy(viewer, order), status: statusOf(order) };
}

export interface OrderPage {
  readonly viewer: Viewer;
  readonly status: OrderStatus | undefined;
  readonly limit: number;
  /** Position after which to go on: the last order of the previous page. */
  readonly after: { readonly createdAt: Date; readonly id: string } | undefined;
}

/** Orders, newest first. Keyset, so pages stay whole while orders are being placed. */
export async function listOrders(
  db: Database,
  { viewer, status, limit, after }: OrderPage,
): Promise<{ order: Order; status: OrderStatus }[]> {
  const rows = await db
    .select()
    .from(orders)
    .where(
      and(
        visibleTo(db, viewer),
        status && eq(orders.status, status),
        after &&
          sql`(${orders.createdAt}, ${orders.id}) < (${after.createdAt.toISOString()}::timestamptz, ${after.id}::uuid)`,
      ),
    )
    .orderBy(desc(orders.createdAt), desc(orders.id))
    .limit(limit);
  if (rows.length === 0) return [];
  const items = Map.groupBy(
    await itemsOf(
      db,
      rows.map((row) => row.id),
    ),
    (item) => item.orderId,
  );
  return rows.map((row) => {
    const order = toOrder(row, items.get(row.id) ?? []);
    return { order: seenBy(viewer, order), status: statusOf(order) };
  });
}

/** The audit trail of an order, oldest first, at most `limit` entries. */
export const readTrail = (db: Database, orderId: string, limit: number) =>
  db
    .select()
    .from(orderEvents)
    .where(eq(orderEvents.orderId, orderId))
    .orderBy(asc(orderEvents.sequence))
    .limit(limit);
