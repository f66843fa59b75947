// The auditor on the real stack: it reports no problem after orders of every kind, and it reports each injected corruption as a
// violation of the right invariant until the corruption is undone. Each test undoes its corruption even if it fails, because all tests
// share the stack.
import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { audit, expectAuditorGreen, violationOf } from '../support/audit.ts';
import { addReservedUnits } from '../support/defect.ts';
import {
  act,
  call,
  eventually,
  inParallel,
  newProduct,
  order,
  orderWith,
  place,
  query,
  stack,
  useProduct,
} from '../support/shop.ts';

const testProduct = useProduct(1_000);
const oneUnit = () => [{ productId: testProduct.id, quantity: 1 }];

const whilePaused = async (connector: string, task: () => Promise<void>): Promise<void> => {
  const send = (action: string) =>
    fetch(`${stack.urls.connect}/connectors/${connector}/${action}`, { method: 'PUT' });
  await send('pause');
  try {
    await eventually(`${connector} is paused`, async () => {
      const answer = await fetch(`${stack.urls.connect}/connectors/${connector}/status`);
      return Object(await answer.json()).tasks[0].state === 'PAUSED';
    });
    await task();
  } finally {
    await send('resume');
  }
};

const refund = async (chargeId: string, amountMinor: number): Promise<void> => {
  const headers = { 'idempotency-key': randomUUID() };
  const { status } = await call('gateway', `/v1/charges/${chargeId}/refunds`, {
    body: { amountMinor },
    headers,
  });
  expect(status).toBe(201);
};

const charge = async (reference: string): Promise<string> => {
  const headers = { 'idempotency-key': randomUUID() };
  const body = { amountMinor: 1_000, currency: 'EUR', reference };
  const answer = await call('gateway', '/v1/charges', { body, headers });
  return String(Object(answer.body).id);
};

describe('the auditor without a corruption', () => {
  it('reports no problem after orders of every kind', { timeout: 120_000 }, async () => {
    const kinds = [
      { items: oneUnit() },
      { items: oneUnit(), token: 'tok_declined' },
      { items: oneUnit(), mode: 'MANUAL' as const },
      { items: [{ productId: testProduct.id, quantity: 10_000 }] },
    ];
    const placed = await inParallel(24, 4, (index) =>
      place(kinds[index % kinds.length] ?? { items: oneUnit() }),
    );
    const paid = placed.filter((_order, index) => index % kinds.length === 0);
    for (const { id } of paid) await orderWith(id, 'PAID');
    await act(paid[0]?.id ?? '', 'cancel', 'user');
    await act(paid[1]?.id ?? '', 'fulfill', 'seller');
    const { figures, violations } = await expectAuditorGreen();
    expect(violations).toEqual([]);
    expect(figures['orders']).toBeGreaterThanOrEqual(24);
    expect(figures['topicRecords']).toBeGreaterThan(48);
  });

  it('exports the result as metrics', async () => {
    const text = await (await fetch(`${stack.urls.auditor}/metrics`)).text();
    expect(text).toContain('orderflow_invariant_violations{invariant="stock_conserved"} 0');
    expect(text).toMatch(/^orderflow_stuck_orders 0$/m);
    expect(text).toMatch(/^orderflow_audit_duration_seconds [\d.]+$/m);
  });
});

describe('the auditor reports, until the corruption is undone:', { timeout: 120_000 }, () => {
  it('a reserved unit without a reservation', async () => {
    await addReservedUnits(testProduct.id, 1);
    try {
      expect((await violationOf('stock_conserved', testProduct.id)).sentence).toContain(
        'live reservations hold',
      );
    } finally {
      await addReservedUnits(testProduct.id, -1);
    }
    await expectAuditorGreen();
  });

  it('an event on a topic without an outbox row', async () => {
    const { id } = await place({ items: oneUnit() });
    await orderWith(id, 'PAID');
    await expectAuditorGreen();
    await query('order', (sql) => sql`create table kept as select * from outbox where aggregate_id = ${id}`);
    const [row] = await query('order', (sql) => sql`select id::text from kept`);
    await query('order', (sql) => sql`delete from outbox where aggregate_id = ${id}`);
    try {
      await violationOf('nothing_uncommitted', String(row?.['id']));
    } finally {
      await query('order', (sql) => sql`insert into outbox select * from kept`);
      await query('order', (sql) => sql`drop table kept`);
    }
    await expectAuditorGreen();
  });

  it('a committed event that is not on its topic', async () => {
    const otherProduct = await newProduct(1);
    await whilePaused('inventory-outbox', async () => {
      const price = { amountMinor: 1_500, currency: 'EUR' };
      const changed = await call('inventory', `/api/v1/products/${otherProduct.id}`, {
        as: 'seller',
        method: 'PATCH',
        body: { price },
      });
      expect(changed.status).toBe(200);
      const rows = () =>
        query(
          'inventory',
          (sql) => sql`select id::text from outbox where aggregate_id = ${otherProduct.id} order by id desc`,
        );
      const [row] = await rows();
      await violationOf('outbox_published', String(row?.['id']));
    });
    await expectAuditorGreen();
  });

  it('a charge without an order', async () => {
    const reference = randomUUID();
    const id = await charge(reference);
    try {
      expect((await violationOf('money_conserved', reference)).sentence).toContain('no such order');
    } finally {
      await refund(id, 1_000);
    }
    await expectAuditorGreen();
  });

  it('an order charged twice', async () => {
    const { id } = await place({ items: oneUnit() });
    await orderWith(id, 'PAID');
    const secondCharge = await charge(id);
    try {
      expect((await violationOf('one_net_charge', id)).sentence).toContain('2 times');
      await violationOf('money_conserved', id);
    } finally {
      await refund(secondCharge, 1_000);
    }
    await expectAuditorGreen();
  });

  it('a gap in the versions of the history of an order, and an illegal transition', async () => {
    const { id } = await place({ items: oneUnit() });
    await orderWith(id, 'PAID');
    await query(
      'order',
      (sql) => sql`update order_events set version = version + 1 where order_id = ${id} and version >= 2`,
    );
    await query(
      'order',
      (sql) => sql`update order_events set status = 'CANCELLED' where order_id = ${id} and version = 1`,
    );
    try {
      await violationOf('versions_gap_free', id);
      await violationOf('legal_transitions', id);
    } finally {
      await query(
        'order',
        (sql) => sql`update order_events set version = version - 1 where order_id = ${id} and version >= 3`,
      );
      await query(
        'order',
        (sql) => sql`update order_events set status = 'PENDING' where order_id = ${id} and version = 1`,
      );
    }
    await expectAuditorGreen();
  });
});

describe('a stuck order', { timeout: 120_000 }, () => {
  it('is listed with the event that it waits for, and continues when the event is emitted again', async () => {
    const { id } = await place({ items: oneUnit(), mode: 'MANUAL' });
    await orderWith(id, 'CONFIRMED');
    // Simulates that inventory.reserved never reached the order service: undoes its effect and deletes its inbox row.
    await query(
      'order',
      (sql) => sql`
      with event as (delete from order_events where order_id = ${id} and type = 'inventory.reserved' returning input_id),
           claim as (delete from processed_events where event_id::text in (select input_id from event) returning 1)
      update orders set status = 'PENDING', reservation_state = 'pending', reservation_expires_at = null, version = 1
      where id = ${id} and exists (select from claim)`,
    );
    const stuckOrder = await eventually(`order ${id} is stuck`, async () =>
      (await audit()).stuck.find((stuck) => stuck.orderId === id),
    );
    expect(stuckOrder).toMatchObject({ status: 'PENDING', waitsFor: 'reservation' });
    expect(stuckOrder.missing.join()).toContain('inventory.reserved → order');

    const path = `/api/v1/reservations/${id}/repair`;
    const body = { reason: 'lost event' };
    expect((await call('inventory', path, { as: 'user', body })).status).toBe(403);
    expect((await call('inventory', path, { as: 'admin', body: {} })).status).toBe(422);
    expect(await call('inventory', path, { as: 'admin', body })).toMatchObject({
      status: 200,
      body: { emitted: ['inventory.reserved'] },
    });
    await orderWith(id, 'CONFIRMED');
    await expectAuditorGreen();
  });
});

describe('the repair of an order without a problem', { timeout: 120_000 }, () => {
  it('does not change the order, and is recorded in its history', async () => {
    const { id } = await place({ items: oneUnit() });
    await orderWith(id, 'PAID');
    const orderBefore = await order(id);
    const body = { reason: 'just to be sure' };
    for (const [part, path] of [
      ['order', `/api/v1/orders/${id}/repair`],
      ['inventory', `/api/v1/reservations/${id}/repair`],
      ['payment', `/api/v1/payments/${id}/repair`],
    ] as const) {
      expect((await call(part, path, { as: 'seller', body })).status).toBe(403);
      expect((await call(part, path, { as: 'admin', body })).status).toBe(200);
    }
    await expectAuditorGreen();
    expect(await order(id)).toEqual(orderBefore);
    const history = await call('order', `/api/v1/orders/${id}/history`, { as: 'admin' });
    expect(Object(history.body).data).toContainEqual(
      expect.objectContaining({
        type: 'repair',
        actor: 'user-admin-001',
        outcome: 're-emitted order.created: just to be sure',
      }),
    );
    const historyOfCustomer = await call('order', `/api/v1/orders/${id}/history`, { as: 'user' });
    expect(Object(historyOfCustomer.body).data).toContainEqual(
      expect.objectContaining({ type: 'repair', actor: 'administrator', outcome: 're-emitted' }),
    );
  });
});

it(
  'the response of GET /api/v1/flow contains the latencies of paid orders',
  { timeout: 60_000 },
  async () => {
    const { id } = await place({ items: oneUnit() });
    await orderWith(id, 'PAID');
    const { body } = await call('auditor', '/api/v1/flow', { as: 'admin' });
    const { p50, p99 } = Object(Object(Object(body).orders).toPaidMs) as { p50: number; p99: number };
    expect(p50).toBeGreaterThan(0);
    expect(p99).toBeGreaterThanOrEqual(p50);
  },
);
