// Every check constraint refuses a wrong value. The test reads the constraints from the system catalogue, so a new constraint needs a
// row here.
import { sql } from 'drizzle-orm';
import { describe, expect, it } from 'vitest';
import { serviceNames, type ServiceName } from '../../scripts/stack/topology.ts';
import { useTestDatabase } from '../support/database.ts';

type Columns = Readonly<Record<string, unknown>>;
/** Table and values of the row that the constraint refuses. Columns without a value are null. */
type BadRow = readonly [table: string, columns: Columns];

const messaging: Readonly<Record<string, BadRow>> = {
  outbox_key_not_empty: ['outbox', { aggregate_id: '' }],
  outbox_payload_framed: ['outbox', { payload: String.raw`\x01000000017f` }],
  processed_events_outcome: ['processed_events', { outcome: 'done' }],
  dead_letters_state: ['dead_letters', { state: 'lost', settled_at: '2026-01-01', settled_by: 'x' }],
  dead_letters_settled: ['dead_letters', { state: 'parked', settled_by: 'x' }],
  dead_letters_archived: ['dead_letters', { state: 'parked', archive_reason: 'x' }],
  audit_log_outcome: ['audit_log', { outcome: 'lost', code: 'x' }],
  audit_log_status: ['audit_log', { outcome: 'refused', code: 'x' }],
  audit_log_code: ['audit_log', { outcome: 'accepted', code: 'x' }],
  audit_seals_position: ['audit_seals', { position: 0 }],
};

const badRows: Readonly<Record<ServiceName, Readonly<Record<string, BadRow>>>> = {
  order: {
    orders_status: ['orders', { status: 'LOST' }],
    orders_cancelled_has_reason: ['orders', { status: 'CANCELLED' }],
    orders_cancellation_reason: ['orders', { cancellation_reason: 'other' }],
    orders_reservation: ['orders', { reservation_state: 'lost' }],
    orders_payment_mode: ['orders', { payment_mode: 'LATER' }],
    orders_payment: ['orders', { payment_state: 'lost' }],
    orders_total: ['orders', { total_minor: -1 }],
    orders_currency: ['orders', { currency: 'eur' }],
    orders_version: ['orders', { version: 0 }],
    order_items_quantity: ['order_items', { quantity: 0 }],
    order_items_price: ['order_items', { unit_price_minor: -1 }],
    order_items_fulfilment: ['order_items', { fulfilment: 'lost' }],
    order_events_outcome: ['order_events', { outcome: 'done' }],
    order_events_status: ['order_events', { status: 'LOST' }],
    catalogue_price: ['catalogue', { price_minor: -1 }],
    catalogue_currency: ['catalogue', { currency: 'EURO' }],
    catalogue_version: ['catalogue', { version: 0 }],
  },
  inventory: {
    inventory_no_oversell: ['inventory', { available: 1, reserved: 2 }],
    inventory_price: ['inventory', { price_minor: -1 }],
    inventory_currency: ['inventory', { currency: 'EU' }],
    inventory_version: ['inventory', { version: 0 }],
    reservations_state: ['reservations', { state: 'lost' }],
    reservations_expiry: ['reservations', { state: 'reserved' }],
    reservation_items_quantity: ['reservation_items', { quantity: 0 }],
    stock_movements_kind: ['stock_movements', { kind: 'lost' }],
  },
  payment: {
    payments_hold: ['payments', { hold: 'lost' }],
    payments_closed_by: ['payments', { closed_by: 'other' }],
    payments_charge: ['payments', { charge: 'lost', amount_minor: 1 }],
    payments_refund: ['payments', { refund: 'lost', charge: 'succeeded', amount_minor: 1 }],
    payments_refund_needs_charge: ['payments', { refund: 'started', charge: 'failed', amount_minor: 1 }],
    payments_amount: ['payments', { amount_minor: -1 }],
    payments_currency: ['payments', { currency: 'eur' }],
    payments_mode: ['payments', { mode: 'LATER' }],
    payments_charge_needs_terms: ['payments', { charge: 'started' }],
    transactions_kind: ['transactions', { kind: 'lost' }],
    transactions_state: ['transactions', { state: 'lost' }],
    transactions_amount: ['transactions', { amount_minor: -1 }],
    transactions_currency: ['transactions', { currency: 'eur' }],
    transactions_attempts: ['transactions', { attempts: -1 }],
  },
};

describe.each(serviceNames)('the check constraints of the %s database', (service) => {
  const database = useTestDatabase(service);
  const rows = { ...badRows[service], ...messaging };

  it('each have a row here that they must refuse', async () => {
    const constraints = await database.db.execute<{ name: string }>(sql`
      select conname as name from pg_constraint
      where contype = 'c' and connamespace = 'public'::regnamespace and conrelid <> 0 order by 1`);
    expect(constraints.map(({ name }) => name)).toEqual(Object.keys(rows).sort());
  });

  it.each(Object.entries(rows))('include %s, which refuses its row', async (constraint, [table, columns]) => {
    const insert = database.db.transaction(async (tx) => {
      // A copy of the table with the same checks and without NOT NULL, so that a row needs only the wrong value.
      const copy = sql.identifier(`copy_of_${table}`);
      await tx.execute(
        sql`create temp table ${copy} (like ${sql.identifier(table)} including constraints) on commit drop`,
      );
      const notNull = await tx.execute<{ name: string }>(sql`
        select attname as name from pg_attribute
        where attrelid = ${`copy_of_${table}`}::regclass and attnotnull and attnum > 0`);
      for (const { name } of notNull)
        await tx.execute(sql`alter table ${copy} alter column ${sql.identifier(name)} drop not null`);
      await tx.execute(
        sql`insert into ${copy} select * from jsonb_populate_record(null::${copy}, ${JSON.stringify(columns)}::jsonb)`,
      );
    });
    await expect(insert).rejects.toMatchObject({ cause: { code: '23514', constraint_name: constraint } });
  });
});
