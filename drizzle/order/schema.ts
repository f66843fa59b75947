// Tables of the order service. An order is stored as facts. Its status is derived from them, and stored so that queries can filter
// by status.
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
  uuid,
} from 'drizzle-orm/pg-core';
import { instant, isAmount, isCurrency } from '../messaging/schema.ts';

export const orders = pgTable(
  'orders',
  {
    id: uuid('id').primaryKey(),
    customerId: text('customer_id').notNull(),
    status: text('status').notNull(),
    cancellationReason: text('cancellation_reason'),
    reservationState: text('reservation_state').notNull(),
    reservationExpiresAt: instant('reservation_expires_at'),
    paymentMode: text('payment_mode').notNull(),
    paymentMethod: text('payment_method').notNull(),
    paymentToken: text('payment_token'),
    paymentState: text('payment_state').notNull(),
    totalMinor: bigint('total_minor', { mode: 'number' }).notNull(),
    currency: text('currency').notNull(),
    version: integer('version').notNull(),
    createdAt: instant('created_at').notNull(),
    updatedAt: instant('updated_at').notNull(),
  },
  (table) => [
    check('orders_status', sql`${table.status} in ('PENDING','CONFIRMED','PAID','FULFILLED','CANCELLED')`),
    check(
      'orders_cancelled_has_reason',
      sql`(${table.status} = 'CANCELLED') = (${table.cancellationReason} is not null)`,
    ),
    check(
      'orders_cancellation_reason',
      sql`${table.cancellationReason} in ('unspecified','reservation_failed','payment_failed','reservation_expired','customer_cancelled')`,
    ),
    check(
      'orders_reservation',
      sql`${table.reservationState} in ('pending','reserved','failed','released','expired','committed')`,
    ),
    check('orders_payment_mode', sql`${table.paymentMode} in ('AUTO','MANUAL')`),
    check('orders_payment', sql`${table.paymentState} in ('none','pending','succeeded','failed','refunded')`),
    check('orders_total', isAmount(table.totalMinor)),
    check('orders_currency', isCurrency(table.currency)),
    check('orders_version', sql`${table.version} >= 1`),
    index('orders_by_customer').on(table.customerId, table.createdAt, table.id),
    index('orders_by_age').on(table.createdAt, table.id),
    // Indexes for the list of orders to ship and for the deadline sweep. Both are partial, so they stay small as the table grows.
    index('orders_to_ship')
      .on(table.createdAt, table.id)
      .where(sql`${table.status} = 'PAID'`),
    index('orders_waiting')
      .on(table.createdAt)
      .where(sql`${table.status} in ('PENDING','CONFIRMED')`),
  ],
);

export const orderItems = pgTable(
  'order_items',
  {
    orderId: uuid('order_id')
      .notNull()
      .references(() => orders.id),
    line: integer('line').notNull(),
    productId: text('product_id').notNull(),
    sellerId: text('seller_id').notNull(),
    name: text('name').notNull(),
    quantity: integer('quantity').notNull(),
    unitPriceMinor: bigint('unit_price_minor', { mode: 'number' }).notNull(),
    fulfilment: text('fulfilment').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.orderId, table.line] }),
    check('order_items_quantity', sql`${table.quantity} > 0`),
    check('order_items_price', isAmount(table.unitPriceMinor)),
    check('order_items_fulfilment', sql`${table.fulfilment} in ('open','confirmed','shipped')`),
    index('order_items_by_seller').on(table.sellerId, table.orderId),
  ],
);

/** The audit trail: every input of an order, including ignored inputs, in the sequence in which they were handled. */
export const orderEvents = pgTable(
  'order_events',
  {
    sequence: bigserial('sequence', { mode: 'number' }).primaryKey(),
    orderId: uuid('order_id')
      .notNull()
      .references(() => orders.id),
    type: text('type').notNull(),
    /** Id of the handled event or request. */
    inputId: text('input_id').notNull(),
    actor: text('actor').notNull(),
    outcome: text('outcome').notNull(),
    status: text('status').notNull(),
    version: integer('version').notNull(),
    correlationId: text('correlation_id').notNull(),
    causationId: text('causation_id').notNull(),
    occurredAt: instant('occurred_at').notNull(),
    recordedAt: instant('recorded_at').notNull(),
  },
  (table) => [
    check(
      'order_events_outcome',
      sql`${table.outcome} = 'accepted' or ${table.outcome} ~ '^(ignored|re-emitted .*): '`,
    ),
    check(
      'order_events_status',
      sql`${table.status} in ('PENDING','CONFIRMED','PAID','FULFILLED','CANCELLED')`,
    ),
    index('order_events_by_order').on(table.orderId, table.sequence),
  ],
);

/** The order service's copy of the catalogue, which sets the prices of new orders. */
export const catalogue = pgTable(
  'catalogue',
  {
    productId: text('product_id').primaryKey(),
    sellerId: text('seller_id').notNull(),
    name: text('name').notNull(),
    priceMinor: bigint('price_minor', { mode: 'number' }).notNull(),
    currency: text('currency').notNull(),
    version: integer('version').notNull(),
  },
  (table) => [
    check('catalogue_price', isAmount(table.priceMinor)),
    check('catalogue_currency', isCurrency(table.currency)),
    check('catalogue_version', sql`${table.version} >= 1`),
  ],
);
