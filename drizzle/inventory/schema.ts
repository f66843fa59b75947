// Tables of the inventory service. A CHECK constraint is the last protection against overselling: no committed row can violate
// `0 ≤ reserved ≤ available`.
import { sql } from 'drizzle-orm';
import {
  bigint,
  bigserial,
  check,
  index,
  integer,
  pgTable,
  primaryKey,
  text,
  unique,
  uuid,
} from 'drizzle-orm/pg-core';
import { instant, isCurrency } from '../messaging/schema.ts';

/** One row per product: its catalogue entry and its stock. `available` counts the units on hand, including reserved units. */
export const inventory = pgTable(
  'inventory',
  {
    productId: text('product_id').primaryKey(),
    sellerId: text('seller_id').notNull(),
    name: text('name').notNull(),
    sku: text('sku').notNull(),
    priceMinor: bigint('price_minor', { mode: 'number' }).notNull(),
    currency: text('currency').notNull(),
    available: integer('available').notNull(),
    reserved: integer('reserved').notNull(),
    /** Version of the catalogue entry; a stock movement does not change it. */
    version: integer('version').notNull(),
    createdAt: instant('created_at').notNull(),
  },
  (table) => [
    check('inventory_no_oversell', sql`0 <= ${table.reserved} and ${table.reserved} <= ${table.available}`),
    check('inventory_price', sql`${table.priceMinor} >= 0`),
    check('inventory_currency', isCurrency(table.currency)),
    check('inventory_version', sql`${table.version} >= 1`),
    unique('inventory_sku').on(table.sellerId, table.sku),
    // Indexes for sorting the catalogue by name and by price.
    index('inventory_by_name').on(table.name, table.productId),
    index('inventory_by_price').on(table.priceMinor, table.productId),
  ],
);

export const reservations = pgTable(
  'reservations',
  {
    orderId: uuid('order_id').primaryKey(),
    state: text('state').notNull(),
    /** When the reservation expires; null in every state except `reserved`. */
    expiresAt: instant('expires_at'),
    createdAt: instant('created_at').notNull(),
    updatedAt: instant('updated_at').notNull(),
  },
  (table) => [
    check(
      'reservations_state',
      sql`${table.state} in ('reserved','pinned','failed','released','expired','committed')`,
    ),
    check('reservations_expiry', sql`(${table.state} = 'reserved') = (${table.expiresAt} is not null)`),
    index('reservations_due')
      .on(table.expiresAt)
      .where(sql`${table.state} = 'reserved'`),
    // Covers only reservations that hold stock, so it stays small while the table grows.
    index('reservations_held')
      .on(table.state)
      .where(sql`${table.state} in ('reserved','pinned')`),
  ],
);

export const reservationItems = pgTable(
  'reservation_items',
  {
    orderId: uuid('order_id')
      .notNull()
      .references(() => reservations.orderId),
    productId: text('product_id')
      .notNull()
      .references(() => inventory.productId),
    quantity: integer('quantity').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.orderId, table.productId] }),
    check('reservation_items_quantity', sql`${table.quantity} > 0`),
  ],
);

/** Append-only ledger of stock: the sums of the deltas are the units on hand and the reserved units. */
export const stockMovements = pgTable(
  'stock_movements',
  {
    sequence: bigserial('sequence', { mode: 'number' }).primaryKey(),
    productId: text('product_id')
      .notNull()
      .references(() => inventory.productId),
    kind: text('kind').notNull(),
    availableDelta: integer('available_delta').notNull(),
    reservedDelta: integer('reserved_delta').notNull(),
    orderId: uuid('order_id'),
    actor: text('actor').notNull(),
    correlationId: text('correlation_id').notNull(),
    occurredAt: instant('occurred_at').notNull(),
  },
  (table) => [
    check(
      'stock_movements_kind',
      sql`${table.kind} in ('initial','restock','reserve','release','expire','commit')`,
    ),
    index('stock_movements_by_product').on(table.productId, table.sequence),
  ],
);
