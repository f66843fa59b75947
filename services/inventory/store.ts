// The inventory's rows. Products are locked one after the other in product-id order, by everybody: two orders with the
// same products in another order would otherwise wait for each other, and unlocked both could take the last unit.
import { and, asc, eq, inArray, ne, sql } from 'drizzle-orm';
import { inventory, reservationItems, reservations, stockMovements } from '../../drizzle/inventory/schema.ts';
import type { Transaction } from '../platform/database/database.ts';
import type { CommandHandler, Message } from '../platform/transaction/handle.ts';
import { lockedOrNamed } from '../platform/database/named-lock.ts';
import { oneOf } from '../platform/database/one-of.ts';
import { rejected } from '../platform/transaction/decision/decision.ts';
import type { Repair } from '../platform/transaction/repair.ts';
import { measurementsOf } from './domain/measurements.ts';
import { reemit, type Held } from './domain/reemit.ts';
import { decideProduct, type Product, type ProductInput, type ProductView } from './domain/product.ts';
import {
  decide,
  sumByProduct,
  type Reservation,
  type ReservationInput,
  type ReservationItem,
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

const loadReservation = async (tx: Transaction, orderId: string): Promise<Reservation | null> => {
  const row = await lockedOrNamed(tx, 'reservation', orderId, async () => {
    const [found] = await tx
      .select()
      .from(reservations)
      .where(eq(reservations.orderId, orderId))
      .for('update');
    return found;
  });
  if (!row) return null;
  const items = await tx
    .select({ productId: reservationItems.productId, quantity: reservationItems.quantity })
    .from(reservationItems)
    .where(eq(reservationItems.orderId, orderId))
    .orderBy(asc(reservationItems.productId));
  return { ...row, state: stateOf(row.state), items };
};

const lockStock = async (tx: Transaction, items: readonly ReservationItem[]): Promise<Map<string, Stock>> => {
  if (items.length === 0) return new Map();
  const rows = await tx
    .select({
      productId: inventory.productId,
      available: inventory.available,
      reserved: inventory.reserved,
    })
    .from(inventory)
    .where(
      inArray(
        inventory.productId,
        items.map((item) => item.productId),
      ),
    )
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

const appendMovements = async (
  tx: Transaction,
  movements: readonly Movement[],
  { context, at }: Message<unknown>,
): Promise<void> => {
  if (movements.length === 0) return;
  const { actor, correlationId } = context;
  await tx
    .insert(stockMovements)
    .values(movements.map((movement) => ({ ...movement, actor, correlationId, occurredAt: at })));
};

/** One order's reservation together with the stock it concerns. */
export const reservationHandler: CommandHandler<ReservationInput, ReservationView> = {
  load: async (tx, input) => {
    const reservation = await loadReservation(tx, input.data.orderId);
    const wanted = input.type === 'order.created' ? sumByProduct(input.data.items) : [];
    return { reservation, stock: await lockStock(tx, reservation?.items ?? wanted) };
  },
  decide,
  save: async (tx, before, decision, message) => {
    if (decision.kind === 'ignored' || !decision.state.reservation) return;
    const { reservation, stock } = decision.state;
    const { orderId, state, expiresAt, createdAt, updatedAt, items } = reservation;
    await tx
      .insert(reservations)
      .values({ orderId, state, expiresAt, createdAt, updatedAt })
      .onConflictDoUpdate({ target: reservations.orderId, set: { state, expiresAt, updatedAt } });
    if (!before.reservation && items.length > 0) {
      await tx.insert(reservationItems).values(items.map((item) => ({ orderId, ...item })));
    }
    const movements: Movement[] = [];
    for (const [productId, after] of stock) {
      const { available = 0, reserved = 0 } = before.stock.get(productId) ?? {};
      const availableDelta = after.available - available;
      const reservedDelta = after.reserved - reserved;
      if (availableDelta === 0 && reservedDelta === 0) continue;
      // Relative on purpose: should a lock ever be missing, the CHECK constraint still sees the true sum.
      await tx
        .update(inventory)
        .set({
          available: sql`${inventory.available} + ${availableDelta}`,
          reserved: sql`${inventory.reserved} + ${reservedDelta}`,
        })
        .where(eq(inventory.productId, productId));
      movements.push({ productId, kind: movementOf[state], availableDelta, reservedDelta, orderId });
    }
    await appendMovements(tx, movements, message);
  },
  measurements: measurementsOf,
};

/** What gave the units of a reservation back: the ledger keeps the event as the actor of the movement. */
const releasedBy = async (tx: Transaction, { orderId, items }: Reservation): Promise<Held['releasedBy']> => {
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

/** Says again what a reservation's state implies; nothing is written but the outbox. */
export const repairHandler: CommandHandler<Repair, Held | null, Held> = {
  load: async (tx, { orderId }) => {
    const reservation = await loadReservation(tx, orderId);
    return reservation && { reservation, releasedBy: await releasedBy(tx, reservation) };
  },
  decide: (_repair, held) => (held ? reemit(held) : rejected('not_found', 'There is no such reservation.')),
  save: () => Promise.resolve(),
};

/** One product: its catalogue entry and its stock. */
export const productHandler: CommandHandler<ProductInput, ProductView> = {
  load: async (tx, { productId, sellerId, ...input }) => {
    const row = await lockedOrNamed(tx, 'product', productId, async () => {
      const [found] = await tx
        .select()
        .from(inventory)
        .where(eq(inventory.productId, productId))
        .for('update');
      return found;
    });
    const sku = 'sku' in input ? input.sku : undefined;
    if (sku === undefined) return { product: row ? toProduct(row) : null, skuTaken: false };
    const others = await tx
      .select({ productId: inventory.productId })
      .from(inventory)
      .where(
        and(eq(inventory.sellerId, sellerId), eq(inventory.sku, sku), ne(inventory.productId, productId)),
      );
    return { product: row ? toProduct(row) : null, skuTaken: others.length > 0 };
  },
  decide: decideProduct,
  save: async (tx, before, decision, message) => {
    if (decision.kind === 'ignored' || !decision.state.product) return;
    const { product } = decision.state;
    const { productId, sellerId, name, sku, price, available, reserved, version, createdAt } = product;
    const entry = { name, sku, priceMinor: price.amountMinor, currency: price.currency, version };
    await tx
      .insert(inventory)
      .values({ productId, sellerId, available, reserved, createdAt, ...entry })
      .onConflictDoUpdate({ target: inventory.productId, set: { ...entry, available } });
    const availableDelta = available - (before.product?.available ?? 0);
    if (availableDelta === 0) return;
    const kind = before.product ? 'restock' : 'initial';
    await appendMovements(
      tx,
      [{ productId, kind, availableDelta, reservedDelta: 0, orderId: null }],
      message,
    );
  },
};
