// `npm run audit` and `npm run reconcile` on the real stack: the exit code reports whether there are problems, and a
// repair only emits events. The repaired order has no outbox row, as if the service had failed to write the row.
import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { expectAuditorGreen } from '../support/audit.ts';
import { runCommand } from '../support/commands.ts';
import { addReservedUnits } from '../support/defect.ts';
import { newProduct, order, orderOne, orderWith, query } from '../support/shop.ts';

const grace = ['--grace', '3'];

/** Inserts a copy of an order in the state of a new order that was placed a minute ago, but without an outbox row. */
const placeWithoutEvent = async (template: string): Promise<string> => {
  const id = randomUUID();
  await query(
    'order',
    (sql) => sql`
      with placed as (
        insert into orders
        select (jsonb_populate_record(o, jsonb_build_object('id', ${id}::text, 'status', 'PENDING', 'version', 1,
          'reservation_state', 'pending', 'payment_state', 'pending', 'updated_at', now() - interval '1 minute'))).*
        from orders o where id = ${template} returning id
      ), lines as (
        insert into order_items
        select (jsonb_populate_record(i, jsonb_build_object('order_id', ${id}::text, 'fulfilment', 'open'))).*
        from order_items i where order_id = ${template} returning 1
      )
      insert into order_events (order_id, type, input_id, actor, outcome, status, version, correlation_id, causation_id,
                                occurred_at, recorded_at)
      select ${id}::uuid, type, ${id}::text, actor, outcome, status, version, correlation_id, causation_id, now(), now()
      from order_events where order_id = ${template} and type = 'place_order' and (select count(*) from lines) > 0`,
  );
  return id;
};

const deleteOrder = async (id: string): Promise<void> => {
  await query('order', (sql) => sql`delete from order_events where order_id = ${id}`);
  await query('order', (sql) => sql`delete from order_items where order_id = ${id}`);
  await query('order', (sql) => sql`delete from orders where id = ${id}`);
};

describe('npm run audit', { timeout: 120_000 }, () => {
  it('exits 0 when all invariants hold', async () => {
    await expectAuditorGreen();
    const { code, output } = await runCommand('audit', grace);
    expect(code, output).toBe(0);
    expect(output).toMatch(/^holds +money_conserved/m);
    expect(output).toMatch(/\d+ orders, \d+ products, .* checked in \d+ ms/);
  });

  it('exits 1 and names the violated invariant', async () => {
    const testProduct = await newProduct(5);
    await addReservedUnits(testProduct.id, 1);
    try {
      const { code, output } = await runCommand('audit', [...grace, '--json']);
      expect(code, output).toBe(1);
      expect(JSON.parse(output).violations).toMatchObject([
        { invariant: 'stock_conserved', key: testProduct.id },
      ]);
    } finally {
      await addReservedUnits(testProduct.id, -1);
    }
    await expectAuditorGreen();
  });

  it('exits 2 when it cannot read a database', async () => {
    const { code, output } = await runCommand('audit', grace, { ORDER_DB_PORT: '1' });
    expect(code, output).toBe(2);
    expect(output).toContain('cannot be read');
  });
});

describe('npm run reconcile', { timeout: 180_000 }, () => {
  it('finds an order whose event is missing, and --fix emits the event through the outbox', async () => {
    const testProduct = await newProduct(10);
    const { id: template } = await orderOne(testProduct.id);
    await orderWith(template, 'PAID');
    await expectAuditorGreen();
    const id = await placeWithoutEvent(template);
    try {
      const result = await runCommand('reconcile', [...grace, '--json']);
      expect(result.code, result.output).toBe(1);
      expect(JSON.parse(result.output).found).toMatchObject([
        { class: 'order_without_reservation', key: id, remedy: { service: 'order' } },
        { class: 'order_without_payment', key: id, remedy: { service: 'order' } },
      ]);

      const fixed = await runCommand('reconcile', [...grace, '--fix']);
      expect(fixed.code, fixed.output).toBe(0);
      expect(fixed.output).toContain(`fix: order emitted again order.created for order ${id}`);
      expect(fixed.output).toMatch(/afterwards:\neverything agrees/);
      await orderWith(id, 'PAID');
    } finally {
      if ((await order(id)).status === 'PENDING') await deleteOrder(id);
    }
    await expectAuditorGreen();
  });
});
