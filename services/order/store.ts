// Loads and saves orders. Every change of an order locks its row first, so the inputs of one order are handled one after
// the other. Without the lock, two concurrent inputs could each derive the status from facts that the other input changes.
import { and, asc, eq, inArray, sql } from 'drizzle-orm';
import { catalogue, orderEvents, orderItems, orders } from '../../drizzle/order/schema.ts';
import type { DomainEvent } from '../../schemas/generated/events.ts';
import type { Statement, Transaction } from '../platform/database/database.ts';
import { accepted, ignored, rejected } from '../platform/transaction/decision/decision.ts';
import { lockRowOf } from '../platform/database/lock-row.ts';
import { insertInto, prepared, rowForUpdate, updateOf } from '../platform/database/prepared.ts';
import type { CommandHandler, Message } from '../platform/transaction/handle.ts';
import type { Repair } from '../platform/transaction/repair.ts';
import { decide, type OrderInput } from './domain/decide.ts';
import { statusOf, type Order } from './domain/order.ts';
import { placeOrder, type CatalogueItem, type PlaceOrder } from './domain/place-order.ts';
import { measurementsOf } from './domain/measurements.ts';
import { reemit } from './domain/reemit.ts';
import { toOrder } from './order-rows.ts';

const insertOrder = insertInto(orders);
const insertItems = insertInto(orderItems);
const insertEvent = insertInto(orderEvents);
const updateOrder = updateOf(orders, orders.id);
const orderForUpdate = rowForUpdate(orders, orders.id);
const itemsInSequence = prepared((db) =>
  db
    .select()
    .from(orderItems)
    .where(eq(orderItems.orderId, sql.placeholder('id')))
    .orderBy(asc(orderItems.line))
    .prepare('items_of_order'),
);

const factColumns = (order: Order) => ({
  status: statusOf(order),
  cancellationReason: order.cancellation,
  reservationState: order.reservation.state,
  reservationExpiresAt: order.reservation.expiresAt,
  paymentState: order.payment.state,
  version: order.version,
  updatedAt: order.updatedAt,
});

const historyEntry = (
  tx: Transaction,
  order: Order,
  type: string,
  outcome: string,
  { id, context, at }: Message<unknown>,
): Statement =>
  insertEvent(tx, [
    {
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
    },
  ]);

/** Places an order at the prices of the catalogue copy. */
export const placeOrderHandler: CommandHandler<PlaceOrder, ReadonlyMap<string, CatalogueItem>, Order> = {
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
  save: (tx, _catalogue, decision, message) => {
    if (decision.kind === 'ignored') return [];
    const order = decision.state;
    const orderRow = {
      id: order.id,
      customerId: order.customerId,
      paymentMode: order.payment.mode,
      paymentMethod: order.payment.method,
      paymentToken: order.payment.token,
      totalMinor: order.total.amountMinor,
      currency: order.total.currency,
      createdAt: order.createdAt,
      ...factColumns(order),
    };
    const itemRows = order.items.map((item, line) => ({
      orderId: order.id,
      line,
      productId: item.productId,
      sellerId: item.sellerId,
      name: item.name,
      quantity: item.quantity,
      unitPriceMinor: item.unitPrice.amountMinor,
      fulfilment: item.fulfilment,
    }));
    return [
      insertOrder(tx, [orderRow]),
      insertItems(tx, itemRows),
      historyEntry(tx, order, 'place_order', 'accepted', message),
    ];
  },
  measurements: (_catalogue, order) => measurementsOf(null, order),
};

/** An input of an existing order. */
export interface OrderChange {
  readonly orderId: string;
  readonly input: OrderInput;
}

const lockOrder = async (tx: Transaction, orderId: string): Promise<Order | null> => {
  // Both statements are sent together and run one after the other: the items are read after the row is locked.
  const [[row], items] = await Promise.all([
    orderForUpdate(tx, orderId),
    itemsInSequence(tx).execute({ id: orderId }),
  ]);
  return row ? toOrder(row, items) : null;
};

/** Handles one input of an existing order. An input for a missing order is rejected. */
export const orderHandler: CommandHandler<OrderChange, Order | null, Order> = {
  load: (tx, { orderId }) => lockOrder(tx, orderId),
  decide: ({ input }, order) =>
    order ? decide(input, order) : rejected('not_found', 'There is no such order.'),
  save: (tx, before, decision, message) => {
    if (!before) return [];
    const { type } = message.input.input;
    if (decision.kind === 'ignored')
      return [historyEntry(tx, before, type, `ignored: ${decision.reason}`, message)];
    const order = decision.state;
    const shipped = order.items.flatMap((item, line) =>
      item.fulfilment === before.items[line]?.fulfilment ? [] : [{ line, fulfilment: item.fulfilment }],
    );
    return [
      updateOrder(tx, order.id, factColumns(order)),
      ...shipped.map(({ line, fulfilment }) =>
        tx
          .update(orderItems)
          .set({ fulfilment })
          .where(and(eq(orderItems.orderId, order.id), eq(orderItems.line, line))),
      ),
      historyEntry(tx, order, type, 'accepted', message),
    ];
  },
  measurements: (before, order) => (before ? measurementsOf(before, order) : []),
};

/** Emits the event again that fits the order's current state: for an open order, `order.created`. The audit trail of the order records who requested the repair, and why. */
export const repairHandler: CommandHandler<Repair, Order | null, Order> = {
  load: (tx, { orderId }) => lockOrder(tx, orderId),
  decide: (_repair, order) => (order ? reemit(order) : rejected('not_found', 'There is no such order.')),
  save: (tx, order, decision, message) => {
    if (!order) return [];
    const types = decision.kind === 'accepted' ? decision.events.map((event) => event.type).join(', ') : '';
    return [historyEntry(tx, order, 'repair', `re-emitted ${types}: ${message.input.reason}`, message)];
  },
};

/** Keeps the highest version of each product in the catalogue copy, so an older event cannot overwrite a newer price. */
export const catalogueHandler: CommandHandler<DomainEvent<'inventory.product_changed'>, number> = {
  load: async (tx, { data }) => {
    const row = await lockRowOf(
      tx,
      'catalogue',
      data.productId,
      tx
        .select({ version: catalogue.version })
        .from(catalogue)
        .where(eq(catalogue.productId, data.productId))
        .for('update'),
    );
    return row?.version ?? 0;
  },
  decide: ({ data }, version) =>
    data.version > version ? accepted(data.version) : ignored('newer_version_known'),
  save: (tx, _version, decision, { input }) => {
    if (decision.kind === 'ignored') return [];
    const { productId, sellerId, name, price, version } = input.data;
    const entry = { sellerId, name, priceMinor: price.amountMinor, currency: price.currency, version };
    return [
      tx
        .insert(catalogue)
        .values({ productId, ...entry })
        .onConflictDoUpdate({ target: catalogue.productId, set: entry }),
    ];
  },
};
