// Reads orders and their audit trails without locks, for the HTTP routes and for the deadline sweep. A query with a viewer returns
// only the orders and lines that the viewer may see.
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
  or,
  sql,
  type SQL,
} from 'drizzle-orm';
import { orderEvents, orderItems, orders } from '../../drizzle/order/schema.ts';
import type { Database } from '../platform/database/database.ts';
import { statusOf, type Order, type OrderStatus } from './domain/order.ts';
import { toOrder, itemsOf } from './order-rows.ts';

/** The SQL condition of the partial index `orders_waiting` on the time of placement. */
const isWaiting = sql`${orders.status} in ('PENDING','CONFIRMED')`;

/** Up to `limit` ids, sorted and greater than `after`, of orders that still wait for events and were placed until `placedUntil`. */
export const findWaitingOrders = async (
  db: Database,
  placedUntil: Date,
  limit: number,
  after?: string,
): Promise<string[]> => {
  const rows = await db
    .select({ id: orders.id })
    .from(orders)
    .where(
      and(
        isWaiting,
        lte(orders.createdAt, placedUntil),
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

/** The SQL condition on `orders`: the viewer may see the order. */
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

/** The order, limited to what the viewer may see: a seller sees only their own lines and the total of these lines. */
export function limitToViewer(viewer: Viewer, order: Order): Order {
  if (viewer.as !== 'seller') return order;
  const items = order.items.filter((item) => item.sellerId === viewer.id);
  const amountMinor = items.reduce((sum, item) => sum + item.quantity * item.unitPrice.amountMinor, 0);
  return { ...order, items, total: { ...order.total, amountMinor } };
}

/** The order, limited to what the viewer may see, and the status of the whole order. Undefined if the viewer may not see it. */
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
  return { order: limitToViewer(viewer, order), status: statusOf(order) };
}

/** Conditions that an order must meet; absent conditions do not apply. */
interface OrderFilter {
  readonly status?: OrderStatus | undefined;
  /** Only PAID orders with an unshipped line that the viewer may see. */
  readonly toShip?: boolean;
  /** Only orders that wait for the next step of the saga, and have not changed since this time. */
  readonly stuckSince?: Date | undefined;
  readonly reason?: string | undefined;
  readonly customerId?: string | undefined;
  readonly placedFrom?: Date | undefined;
  readonly placedBefore?: Date | undefined;
}

export interface OrderPage extends OrderFilter {
  readonly viewer: Viewer;
  readonly sort: 'newest' | 'oldest';
  readonly limit: number;
  /** The last order of the previous page. */
  readonly after: { readonly createdAt: Date; readonly id: string } | undefined;
}

/** The SQL condition of `toShip`. */
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

/**
 * The SQL condition of `stuckSince`. A CONFIRMED order with manual payment waits for its customer, so it is stuck only when its
 * payment has succeeded or its reservation expired before `since`.
 */
const isStuck = (since: Date): SQL | undefined =>
  and(
    isWaiting,
    // Implied by the next condition; stated so that the index, which has this column, is used.
    lte(orders.createdAt, since),
    lte(orders.updatedAt, since),
    or(
      eq(orders.status, 'PENDING'),
      ne(orders.paymentMode, 'MANUAL'),
      eq(orders.paymentState, 'succeeded'),
      lte(orders.reservationExpiresAt, since),
    ),
  );

type Position = Pick<OrderPage, 'sort' | 'limit' | 'after'>;

const readPage = (db: Database, condition: SQL | undefined, { sort, limit, after }: Position) => {
  const position = after && sql`(${after.createdAt.toISOString()}::timestamptz, ${after.id}::uuid)`;
  return db
    .select()
    .from(orders)
    .where(
      and(
        condition,
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
 * Sorts by order id, which begins with the time (UUIDv7), so that the page is read from the index of the seller's lines. A sort by
 * `created_at` would search the few orders of one seller among the orders of all sellers.
 */
const readSellerPage = (
  db: Database,
  sellerId: string,
  condition: SQL | undefined,
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
        condition,
      ),
    )
    .orderBy((sort === 'newest' ? desc : asc)(orderItems.orderId))
    .limit(limit);

/** A page of orders, sorted by the time of placement. With keyset pagination, orders placed meanwhile do not shift the pages. */
export async function listOrders(
  db: Database,
  { viewer, sort, limit, after, ...filter }: OrderPage,
): Promise<{ order: Order; status: OrderStatus }[]> {
  const { status, toShip, stuckSince, reason, customerId, placedFrom, placedBefore } = filter;
  const condition = and(
    status && eq(orders.status, status),
    stuckSince && isStuck(stuckSince),
    reason === undefined ? undefined : eq(orders.cancellationReason, reason),
    customerId === undefined ? undefined : eq(orders.customerId, customerId),
    placedFrom && gte(orders.createdAt, placedFrom),
    placedBefore && lt(orders.createdAt, placedBefore),
  );
  const position = { sort, limit, after };
  const rows =
    viewer.as === 'seller' && toShip !== true
      ? await readSellerPage(db, viewer.id, condition, position)
      : await readPage(
          db,
          and(visibleTo(db, viewer), toShip === true ? isToShip(db, viewer) : undefined, condition),
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
    return { order: limitToViewer(viewer, order), status: statusOf(order) };
  });
}

/** The part of the outcome of an entry that every viewer may see. A repair is shown without the reason of the administrator. */
export const publicOutcome = ({
  type,
  outcome,
}: {
  readonly type: string;
  readonly outcome: string;
}): string => (type === 'repair' ? 're-emitted' : outcome);

/** The first `limit` entries of the audit trail of an order. Only an administrator sees who repaired the order and why. */
export const readTrail = async (db: Database, orderId: string, viewer: Viewer, limit: number) => {
  const entries = await db
    .select()
    .from(orderEvents)
    .where(eq(orderEvents.orderId, orderId))
    .orderBy(asc(orderEvents.sequence))
    .limit(limit);
  return entries.map((entry) =>
    viewer.as === 'admin' || entry.type !== 'repair'
      ? entry
      : { ...entry, actor: 'administrator', outcome: publicOutcome(entry) },
  );
};
