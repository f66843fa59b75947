// Tables of the payment service. A row of `payments` holds what is known about the payment of one order. A row of `transactions` is
// one request (charge or refund) to the gateway. The request is stored before it is sent, so that after a crash it is sent again
// with the same idempotency key.
import { sql } from 'drizzle-orm';
import { bigint, check, index, integer, pgTable, text, unique, uuid } from 'drizzle-orm/pg-core';
import { instant, isAmount, isCurrency } from '../messaging/schema.ts';

export const payments = pgTable(
  'payments',
  {
    orderId: uuid('order_id').primaryKey(),
    /** The terms, from `customerId` to `token`, are null until order.created has arrived; other events may arrive first. */
    customerId: text('customer_id'),
    amountMinor: bigint('amount_minor', { mode: 'number' }),
    currency: text('currency'),
    mode: text('mode'),
    method: text('method'),
    token: text('token'),
    /** What is known of the stock. `unknown`: nothing yet; `held`: reserved, can expire; `pinned`: reserved, cannot expire. */
    hold: text('hold').notNull(),
    /** Why the payment is closed: it starts no new charge, and an earlier charge is refunded. Null while the payment is open. */
    closedBy: text('closed_by'),
    charge: text('charge').notNull(),
    chargeId: text('charge_id'),
    failureCode: text('failure_code'),
    refund: text('refund').notNull(),
    refundId: text('refund_id'),
    version: integer('version').notNull(),
    createdAt: instant('created_at').notNull(),
    updatedAt: instant('updated_at').notNull(),
  },
  (table) => [
    check('payments_hold', sql`${table.hold} in ('unknown','held','pinned')`),
    check(
      'payments_closed_by',
      sql`${table.closedBy} in ('unspecified','order_cancelled','reservation_expired')`,
    ),
    check('payments_charge', sql`${table.charge} in ('none','started','succeeded','failed')`),
    check('payments_refund', sql`${table.refund} in ('none','started','succeeded')`),
    check('payments_refund_needs_charge', sql`${table.refund} = 'none' or ${table.charge} = 'succeeded'`),
    check('payments_amount', isAmount(table.amountMinor)),
    check('payments_currency', isCurrency(table.currency)),
    // A mode that this service does not know is read as `unspecified`.
    check('payments_mode', sql`${table.mode} in ('unspecified','AUTO','MANUAL')`),
    check('payments_charge_needs_terms', sql`${table.charge} = 'none' or ${table.amountMinor} is not null`),
  ],
);

export const transactions = pgTable(
  'transactions',
  {
    id: uuid('id').primaryKey(),
    orderId: uuid('order_id')
      .notNull()
      .references(() => payments.orderId),
    kind: text('kind').notNull(),
    /** With this key the gateway recognises a repeated request. */
    idempotencyKey: text('idempotency_key').notNull(),
    amountMinor: bigint('amount_minor', { mode: 'number' }).notNull(),
    currency: text('currency').notNull(),
    token: text('token'),
    chargeId: text('charge_id'),
    state: text('state').notNull(),
    /** Number of leases; a lease may end before a call. */
    attempts: integer('attempts').notNull(),
    lastError: text('last_error'),
    gatewayId: text('gateway_id'),
    /** When the request is due. A lease moves it into the future, so that no other instance takes the request. */
    dueAt: instant('due_at').notNull(),
    correlationId: text('correlation_id').notNull(),
    causationId: text('causation_id').notNull(),
    traceparent: text('traceparent').notNull(),
    createdAt: instant('created_at').notNull(),
    updatedAt: instant('updated_at').notNull(),
  },
  (table) => [
    check('transactions_kind', sql`${table.kind} in ('charge','refund')`),
    check('transactions_state', sql`${table.state} in ('due','unknown','succeeded','declined','abandoned')`),
    check('transactions_amount', isAmount(table.amountMinor)),
    check('transactions_currency', isCurrency(table.currency)),
    check('transactions_attempts', sql`${table.attempts} >= 0`),
    unique('transactions_idempotency_key').on(table.idempotencyKey),
    index('transactions_due')
      .on(table.dueAt)
      .where(sql`${table.state} in ('due','unknown')`),
    index('transactions_by_order').on(table.orderId),
  ],
);
