// Loads and saves reservations and products. Every transaction locks products sorted by product id. In another sequence, two
// transactions with the same products could deadlock; without locks, both could reserve the last unit.
import { and, asc, eq, inArray, ne, or, sql } from 'drizzle-orm';
import { inventory, reservationItems, reservations, stockMovements } from '../../drizzle/inventory/schema.ts';
import type { Statement, Transaction } from '../platform/database/database.ts';
import type { CommandHandler, Message } from '../platform/transaction/handle.ts';
import { lockNames, lockRowOf } from '../platform/database/lock-row.ts';
import { insertInto, prepared, rowForUpdate, updateOf } from '../platform/database/prepared.ts';
import { oneOf } from '../platform/database/one-of.ts';
import { rejected } from '../platform/transaction/decision/decision.ts';
import type { Repair } from '../platform/transaction/repair.ts';
import { measurementsOf } from './domain/measurements.ts';
import { reemit, type RepairView } from './domain/reemit.ts';
import {
  decideProduct,
  type Product,
  type ProductChange,
  type ProductInput,
  type ProductView,
} from './domain/product.ts';
import {
  decide,
  type Reservation,
  type ReservationChange,
  type ReservationInput,
  type ReservationState,
  type ReservationView,
  type Stock,
} from './domain/reservation.ts';

type ProductRow = typeof inventory.$inferSelect;
type MovementKind = 'initial' | 'restock' | 'reserve' | 'release' | 'expire' | 'commit';

const stateOf = oneOf<ReservationState>('reserved', 'pinned', 'failed', 'released', 'expired', 'committed');

export const toProduct = ({ priceMinor, currency, ...row }: ProductRow): Product => ({
  ...row,
  price: { amountMinor: priceMinor, currency },
});

const insertReservation = insertInto(reservations);
const insertItems = insertInto(reservationItems);
const insertMovements = insertInto(stockMovements);
const updateReservation = updateOf(reservations, reservations.orderId);
const reservationForUpdate = rowForUpdate(reservations, reservations.orderId);
const itemsByProduct = prepared((db) =>
  db
    .select({ productId: reservationItems.productId, quantity: reservationItems.quantity })
    .from(reservationItems)
    .where(eq(reservationItems.orderId, sql.placeholder('orderId')))
    .orderBy(asc(reservationItems.productId))
    .prepare('items_of_reservation'),
);
/** The changes are relative. If a lock were missing, the sum would still be correct, and the CHECK constraint would check it. */
const changeStock = prepared((db) =>
  db
    .update(inventory)
    .set({
      available: sql`${inventory.available} + ${sql.placeholder('available')}`,
      reserved: sql`${inventory.reserved} + ${sql.placeholder('reserved')}`,
    })
    .where(eq(inventory.productId, sql.placeholder('productId')))
    .prepare('change_stock'),
);

const lockReservation = async (tx: Transaction, orderId: string): Promise<Reservation | null> => {
  const [row, items] = await Promise.all([
    lockRowOf(tx, 'reservation', orderId, { execute: () => reservationForUpdate(tx, orderId) }),
    itemsByProduct(tx).execute({ orderId }),
  ]);
  return row ? { ...row, state: stateOf(row.state), items } : null;
};

/** Ids of the products whose stock the input may change: those of the new order, or those of the existing reservation. */
const affectedProducts = (tx: Transaction, input: ReservationInput) => {
  // A payment pins the reservation and changes no stock.
  if (input.type === 'payment.succeeded') return [];
  if (input.type === 'order.created') return input.data.items.map(({ productId }) => productId);
  return tx
    .select({ productId: reservationItems.productId })
    .from(reservationItems)
    .where(eq(reservationItems.orderId, input.data.orderId));
};

const lockStock = async (tx: Transaction, input: ReservationInput): Promise<Map<string, Stock>> => {
  const rows = await tx
    .select({
      productId: inventory.productId,
      available: inventory.available,
      reserved: inventory.reserved,
    })
    .from(inventory)
    .where(inArray(inventory.productId, affectedProducts(tx, input)))
    .orderBy(asc(inventory.productId))
    .for('update');
  return new Map(rows.map(({ productId, available, reserved }) => [productId, { available, reserved }]));
};

const movementOf: Record<ReservationState, MovementKind> = {
  reserved: 'reserve',
  pinned: 'reserve',
  failed: 'reserve',
  released: 'release',
  expired: 'expire',
  committed: 'commit',
};

interface Movement {
  readonly productId: string;
  readonly kind: MovementKind;
  readonly availableDelta: number;
  readonly reservedDelta: number;
  readonly orderId: string | null;
}

const movementRows = (
  tx: Transaction,
  movements: readonly Movement[],
  { context: { actor, correlationId }, at }: Message<unknown>,
): readonly Statement[] => {
  if (movements.length === 0) return [];
  const rows = movements.map((movement) => ({ ...movement, actor, correlationId, occurredAt: at }));
  return [insertMovements(tx, rows)];
};

/** Locks the reservations of several inputs, then their stock, in the same sequence as `load` does for each input. */
const lockAll = (tx: Transaction, inputs: readonly ReservationInput[]): readonly Statement[] => {
  const orderIds = inputs.map(({ data }) => data.orderId);
  const ordered = inputs.flatMap((input) =>
    input.type === 'order.created' ? input.data.items.map(({ productId }) => productId) : [],
  );
  const reserved = tx
    .select({ productId: reservationItems.productId })
    .from(reservationItems)
    .where(inArray(reservationItems.orderId, orderIds));
  return [
    lockNames(tx, 'reservation', orderIds),
    tx
      .select({ orderId: reservations.orderId })
      .from(reservations)
      .where(inArray(reservations.orderId, orderIds))
      .orderBy(asc(reservations.orderId))
      .for('update'),
    tx
      .select({ productId: inventory.productId })
      .from(inventory)
      .where(or(inArray(inventory.productId, ordered), inArray(inventory.productId, reserved)))
      .orderBy(asc(inventory.productId))
      .for('update'),
  ];
};

export const reservationHandler: CommandHandler<ReservationInput, ReservationView, ReservationChange> = {
  load: async (tx, input) => {
    const [reservation, stock] = await Promise.all([
      lockReservation(tx, input.data.orderId),
      lockStock(tx, input),
    ]);
    return { reservation, stock };
  },
  lockAll,
  decide,
  save: (tx, before, decision, message) => {
    if (decision.kind === 'ignored') return [];
    const { reservation, stockChanges } = decision.state;
    const { orderId, state, expiresAt, createdAt, updatedAt, items } = reservation;
    const statements: Statement[] = [
      before.reservation
        ? updateReservation(tx, orderId, { state, expiresAt, updatedAt })
        : insertReservation(tx, [{ orderId, state, expiresAt, createdAt, updatedAt }]),
    ];
    if (!before.reservation && items.length > 0)
      statements.push(
        insertItems(
          tx,
          items.map((item) => ({ orderId, ...item })),
        ),
      );
    const movements = stockChanges.map(({ productId, available, reserved }) => ({
      productId,
      kind: movementOf[state],
      availableDelta: available,
      reservedDelta: reserved,
      orderId,
    }));
    return [
      ...statements,
      ...stockChanges.map((change) => ({ execute: () => changeStock(tx).execute({ ...change }) })),
      ...movementRows(tx, movements, message),
    ];
  },
  measurements: measurementsOf,
};

/** The cause of a release, from the stock ledger: the actor of the movement contains the event type. */
const findReleaseReason = async (
  tx: Transaction,
  { orderId, items }: Reservation,
): Promise<RepairView['releaseReason']> => {
  const [item] = items;
  if (!item) return null;
  const [movement] = await tx
    .select({ actor: stockMovements.actor })
    .from(stockMovements)
    .where(
      and(
        eq(stockMovements.productId, item.productId),
        eq(stockMovements.orderId, orderId),
        eq(stockMovements.kind, 'release'),
      ),
    );
  if (!movement) return null;
  return movement.actor === 'event:payment.failed' ? 'payment_failed' : 'order_cancelled';
};

/** Emits the event of the reservation's current state again. The reservation does not change. */
export const repairHandler: CommandHandler<Repair, RepairView | null, RepairView> = {
  load: async (tx, { orderId }) => {
    const reservation = await lockReservation(tx, orderId);
    return reservation && { reservation, releaseReason: await findReleaseReason(tx, reservation) };
  },
  decide: (_repair, view) => (view ? reemit(view) : rejected('not_found', 'There is no such reservation.')),
  save: () => [],
};

export const productHandler: CommandHandler<ProductInput, ProductView, ProductChange> = {
  load: async (tx, { productId, sellerId, ...input }) => {
    const sku = 'sku' in input ? input.sku : undefined;
    const [row, others] = await Promise.all([
      lockRowOf(
        tx,
        'product',
        productId,
        tx.select().from(inventory).where(eq(inventory.productId, productId)).for('update'),
      ),
      sku === undefined
        ? []
        : tx
            .select({ productId: inventory.productId })
            .from(inventory)
            .where(
              and(
                eq(inventory.sellerId, sellerId),
                eq(inventory.sku, sku),
                ne(inventory.productId, productId),
              ),
            ),
    ]);
    return { product: row ? toProduct(row) : null, skuTaken: others.length > 0 };
  },
  decide: decideProduct,
  save: (tx, before, decision, message) => {
    if (decision.kind === 'ignored') return [];
    const { product, addedUnits } = decision.state;
    const { productId, sellerId, name, sku, price, available, reserved, version, createdAt } = product;
    const entry = { name, sku, priceMinor: price.amountMinor, currency: price.currency, version };
    const kind = before.product ? 'restock' : 'initial';
    const movement: Movement = {
      productId,
      kind,
      availableDelta: addedUnits,
      reservedDelta: 0,
      orderId: null,
    };
    return [
      tx
        .insert(inventory)
        .values({ productId, sellerId, available, reserved, createdAt, ...entry })
        .onConflictDoUpdate({ target: inventory.productId, set: { ...entry, available } }),
      ...movementRows(tx, addedUnits === 0 ? [] : [movement], message),
    ];
  },
};
