// The order service's rows. Every change of an order locks its row first, so inputs of one order happen one after the
// other; unlocked, two of them could each derive a status from facts the other is about to change.
import { and, asc, desc, eq, exists, inArray, lte, sql, type SQL } from 'drizzle-orm';
import { catalogue, orderEvents, orderItems, orders } from '../../drizzle/order/schema.ts';
import type { CancellationReason, DomainEvent, PaymentMode } from '../../schemas/generated/events.ts';
import type { Database, Transaction } from '../platform/database/database.ts';
import { accepted, ignored, rejected } from '../platform/transaction/decision/decision.ts';
import type { Aggregate, Message } from '../platform/transaction/handle.ts';
import { oneOf } from '../platform/database/one-of.ts';
import type { Repair } from '../platform/http/routes/repair.ts';
import { decide, type OrderInput } from './domain/decide.ts';
import {
  statusOf,
  type Fulfilment,
  type Order,
  type OrderItem,
  type OrderStatus,
  type PaymentState,
  type ReservationState,
} from './domain/order.ts';
import { placeOrder, type CatalogueItem, type PlaceOrder } from './domain/place-order.ts';
import { milestonesOf } from './domain/milestones.ts';
import { reemit } from './domain/reemit.ts';

type OrderRow = typeof orders.$inferSelect;
type ItemRow = typeof orderItems.$inferSelect;

const reservationState = oneOf<ReservationState>(
  'pending',
  'reserved',
  'failed',
  'released',
  'expired',
  'committed',
);
const paymentState = oneOf<PaymentState>('none', 'pending', 'succeeded', 'failed', 'refunded');
const paymentMode = oneOf<PaymentMode>('unspecified', 'AUTO', 'MANUAL');
const fulfilmentOf = oneOf<Fulfilment>('open', 'confirmed', 'shipped');
const cancellationReason = oneOf<CancellationReason>(
  'unspecified',
  'reservation_failed',
  'payment_failed',
  'reservation_expired',
  'customer_cancelled',
);

const toItem = (row: ItemRow, currency: string): OrderItem => ({
  productId: row.productId,
  sellerId: row.sellerId,
  name: row.name,
  quantity: row.quantity,
  unitPrice: { amountMinor: row.unitPriceMinor, currency },
  fulfilment: fulfilmentOf(row.fulfilment),
});

const toOrder = (row: OrderRow, items: readonly ItemRow[]): Order => ({
  id: row.id,
  customerId: row.customerId,
  items: items.map((item) => toItem(item, row.currency)),
  total: { amountMinor: row.totalMinor, currency: row.currency },
  reservation: { state: reservationState(row.reservationState), expiresAt: row.reservationExpiresAt },
  payment: {
    mode: paymentMode(row.paymentMode),
    method: row.paymentMethod,
    token: row.paymentToken,
    state: paymentState(row.paymentState),
  },
  cancellation: row.cancellationReason === null ? null : cancellationReason(row.cancellationReason),
  version: row.version,
  createdAt: row.createdAt,
  updatedAt: row.updatedAt,
});

const factColumns = (order: Order) => ({
  status: statusOf(order),
  cancellationReason: order.cancellation,
  reservationState: order.reservation.state,
  reservationExpiresAt: order.reservation.expiresAt,
  paymentState: order.payment.state,
  version: order.version,
  updatedAt: order.updatedAt,
});

const itemsOf = (db: Pick<Database, 'select'>, ids: readonly string[]): Promise<ItemRow[]> =>
  db
    .select()
    .from(orderItems)
    .where(inArray(orderItems.orderId, [...ids]))
    .orderBy(asc(orderItems.orderId), asc(orderItems.line));

const appendToTrail = async (
  tx: Transaction,
  order: Order,
  type: string,
  outcome: string,
  { id, context, at }: Message<unknown>,
): Promise<void> => {
  await tx.insert(orderEvents).values({
    orderId: order.id,
    type,
    inputId: id,
    actor: context.actor,
    outcome,
    status: statusOf(order),
    version: order.version,
    correlationId: context.correlationId,
    causationId: context.causationId,
    occurredAt: at,
    recordedAt: new Date(),
  });
};

/** A new order at the prices of the catalogue copy. */
export const placing: Aggregate<PlaceOrder, ReadonlyMap<string, CatalogueItem>, Order> = {
  load: async (tx, { items }) => {
    const ids = [...new Set(items.map((item) => item.productId))];
    const rows = await tx.select().from(catalogue).where(inArray(catalogue.productId, ids));
    return new Map(
      rows.map(({ priceMinor, currency, ...row }) => [
        row.productId,
        { ...row, price: { amountMinor: priceMinor, currency } },
      ]),
    );
  },
  decide: placeOrder,
  save: async (tx, _catalogue, decision, message) => {
    if (decision.kind === 'ignored') return;
    const order = decision.state;
    await tx.insert(orders).values({
      id: order.id,
      customerId: order.customerId,
      paymentMode: order.payment.mode,
      paymentMethod: order.payment.method,
      paymentToken: order.payment.token,
      totalMinor: order.total.amountMinor,
      currency: order.total.currency,
      createdAt: order.createdAt,
      ...factColumns(order),
    });
    await tx.insert(orderItems).values(
      order.items.map((item, line) => ({
        orderId: order.id,
        line,
        productId: item.productId,
        sellerId: item.sellerId,
        name: item.name,
        quantity: item.quantity,
        unitPriceMinor: item.unitPrice.amountMinor,
        fulfilment: item.fulfilment,
      })),
    );
    await appendToTrail(tx, order, 'place_order', 'accepted', message);
  },
  milestones: (_catalogue, order) => milestonesOf(null, order),
};

/** What happens to one existing order. */
export interface OrderChange {
  readonly orderId: string;
  readonly input: OrderInput;
}

const lockOrder = async (tx: Transaction, orderId: string): Promise<Order | null> => {
  // Sent together, run in this order: the items are read under the lock.
  const [[row], items] = await Promise.all([
    tx.select().from(orders).where(eq(orders.id, orderId)).for('update'),
    itemsOf(tx, [orderId]),
  ]);
  return row ? toOrder(row, items) : null;
};

/** One input of an existing order; an input for an order that does not exist is rejected. */
export const ordering: Aggregate<OrderChange, Order | null, Order> = {
  load: (tx, { orderId }) => lockOrder(tx, orderId),
  decide: ({ input }, order) =>
    order ? decide(input, order) : rejected('not_found', 'There is no such order.'),
  save: async (tx, before, decision, message) => {
    if (!before) return;
    const { type } = message.input.input;
    if (decision.kind === 'ignored') {
      await appendToTrail(tx, before, type, `ignored: ${decision.reason}`, message);
      return;
    }
    const order = decision.state;
    const shipped = order.items.flatMap((item, line) =>
      item.fulfilment === before.items[line]?.fulfilment ? [] : [{ line, fulfilment: item.fulfilment }],
    );
    await Promise.all([
      tx.update(orders).set(factColumns(order)).where(eq(orders.id, order.id)),
      ...shipped.map(({ line, fulfilment }) =>
        tx
          .update(orderItems)
          .set({ fulfilment })
          .where(and(eq(orderItems.orderId, order.id), eq(orderItems.line, line))),
      ),
      appendToTrail(tx, order, type, 'accepted', message),
    ]);
  },
  milestones: (before, order) => (before ? milestonesOf(before, order) : []),
};

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

/** Says again what an order's state implies. The trail keeps who asked for it and why; the order stays as it is. */
export const repairing: Aggregate<Repair, Order | null, Order> = {
  load: (tx, { orderId }) => lockOrder(tx, orderId),
  decide: (_repair, order) => (order ? reemit(order) : rejected('not_found', 'There is no such order.')),
  save: async (tx, order, decision, message) => {
    if (!order) return;
    const said = decision.kind === 'accepted' ? decision.events.map((event) => event.type).join(', ') : '';
    await appendToTrail(tx, order, 'repair', `re-emitted ${said}: ${message.input.reason}`, message);
  },
};

/** Keeps the catalogue copy at the highest version seen of each product. */
export const copyingCatalogue: Aggregate<DomainEvent<'inventory.product_changed'>, number> = {
  load: async (tx, { data }) => {
    const [row] = await tx
      .select({ version: catalogue.version })
      .from(catalogue)
      .where(eq(catalogue.productId, data.productId))
      .for('update');
    return row?.version ?? 0;
  },
  decide: ({ data }, version) =>
    data.version > version ? accepted(data.version) : ignored('newer_version_known'),
  save: async (tx, _version, decision, { input }) => {
    if (decision.kind === 'ignored') return;
    const { productId, sellerId, name, price, version } = input.data;
    const entry = { sellerId, name, priceMinor: price.amountMinor, currency: price.currency, version };
    await tx
      .insert(catalogue)
      .values({ productId, ...entry })
      .onConflictDoUpdate({ target: catalogue.productId, set: entry });
  },
};

/** Who may see an order, and how much of it. */
export type Viewer =
  | { readonly as: 'customer'; readonly id: string }
  | { readonly as: 'seller'; readonly id: string }
  | { readonly as: 'admin' };

/** The condition on `orders` under which an order exists for the viewer. */
export const visibleTo = (db: Database, viewer: Viewer): SQL | undefined => {
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
  db: Database,
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
