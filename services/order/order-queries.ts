// Reads orders without a lock, for the HTTP lists and for the deadline. The invariant: a viewer reads only the orders, and of
// each only the lines, that belong to them.
import {
  and,
  asc,
  desc,
  eq,
  exists,
  getTableColumns,
  gt,
  gte,
  lt,
  lte,
  ne,
  sql,
  type SQL,
} from 'drizzle-orm';
import { orderEvents, orderItems, orders } from '../../drizzle/order/schema.ts';
import type { Database } from '../platform/database/database.ts';
import { statusOf, type Order, type OrderStatus } from './domain/order.ts';
import { toOrder, itemsOf } from './order-rows.ts';

/** Orders placed at or before `placedBy` that still wait for events, by id, after the given one, at most `limit`. Not locked. */
export const waitingOrders = async (
  db: Database,
  placedBy: Date,
  limit: number,
  after?: string,
): Promise<string[]> => {
  const rows = await db
    .select({ id: orders.id })
    .from(orders)
    .where(
      and(
        sql`${orders.status} in ('PENDING','CONFIRMED')`,
        lte(orders.createdAt, placedBy),
        after === undefined ? undefined : gt(orders.id, after),
      ),
    )
    .orderBy(asc(orders.id))
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

/** What is looked for; absent fields do not matter. */
export interface OrderFilter {
  readonly status?: OrderStatus | undefined;
  /** PAID, and a line that the viewer may see is not shipped. */
  readonly toShip?: boolean;
  readonly reason?: string | undefined;
  readonly customerId?: string | undefined;
  readonly placedFrom?: Date | undefined;
  readonly placedBefore?: Date | undefined;
}

export interface OrderPage extends OrderFilter {
  readonly viewer: Viewer;
  readonly sort: 'newest' | 'oldest';
  readonly limit: number;
  /** Position after which to go on: the last order of the previous page. */
  readonly after: { readonly createdAt: Date; readonly id: string } | undefined;
}

/** The condition under which an order of this viewer waits for a parcel. */
const isToShip = (db: Pick<Database, 'select'>, viewer: Viewer): SQL | undefined =>
  and(
    eq(orders.status, 'PAID'),
    exists(
      db
        .select({ one: sql`1` })
        .from(orderItems)
        .where(
          and(
            eq(orderItems.orderId, orders.id),
            ne(orderItems.fulfilment, 'shipped'),
            viewer.as === 'seller' ? eq(orderItems.sellerId, viewer.id) : undefined,
          ),
        ),
    ),
  );

type Position = Pick<OrderPage, 'sort' | 'limit' | 'after'>;

const pageByTime = (db: Database, wanted: SQL | undefined, { sort, limit, after }: Position) => {
  const position = after && sql`(${after.createdAt.toISOString()}::timestamptz, ${after.id}::uuid)`;
  return db
    .select()
    .from(orders)
    .where(
      and(
        wanted,
        position &&
          sql`(${orders.createdAt}, ${orders.id}) ${sql.raw(sort === 'newest' ? '<' : '>')} ${position}`,
      ),
    )
    .orderBy(
      ...(sort === 'newest'
        ? [desc(orders.createdAt), desc(orders.id)]
        : [asc(orders.createdAt), asc(orders.id)]),
    )
    .limit(limit);
};

/**
 * By id, since ids begin with the time: so the page is read from the index of the seller's lines and costs what it shows. By the
 * time of the orders, the page of a seller of three orders would be sought among those of all sellers.
 */
const pageOfSeller = (
  db: Database,
  sellerId: string,
  wanted: SQL | undefined,
  { sort, limit, after }: Position,
) =>
  db
    .selectDistinctOn([orderItems.orderId], getTableColumns(orders))
    .from(orderItems)
    .innerJoin(orders, eq(orders.id, orderItems.orderId))
    .where(
      and(
        eq(orderItems.sellerId, sellerId),
        after && (sort === 'newest' ? lt : gt)(orderItems.orderId, after.id),
        wanted,
      ),
    )
    .orderBy((sort === 'newest' ? desc : asc)(orderItems.orderId))
    .limit(limit);

/** Orders by the time they were placed. Keyset, so pages stay whole while orders are being placed. */
export async function listOrders(
  db: Database,
  { viewer, sort, limit, after, ...filter }: OrderPage,
): Promise<{ order: Order; status: OrderStatus }[]> {
  const { status, toShip, reason, customerId, placedFrom, placedBefore } = filter;
  const wanted = and(
    status && eq(orders.status, status),
    reason === undefined ? undefined : eq(orders.cancellationReason, reason),
    customerId === undefined ? undefined : eq(orders.customerId, customerId),
    placedFrom && gte(orders.createdAt, placedFrom),
    placedBefore && lt(orders.createdAt, placedBefore),
  );
  const position = { sort, limit, after };
  const rows =
    viewer.as === 'seller' && toShip !== true
      ? await pageOfSeller(db, viewer.id, wanted, position)
      : await pageByTime(
          db,
          and(visibleTo(db, viewer), toShip === true ? isToShip(db, viewer) : undefined, wanted),
          position,
        );
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
