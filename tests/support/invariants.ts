// The invariants that must hold once no event and no request is in flight, even if processes were killed.
import { expect } from 'vitest';
import { serviceNames, services, type ServiceName } from '../../scripts/stack/topology.ts';
import { expectAuditorGreen } from './audit.ts';
import { header, readTopic } from './kafka-log.ts';
import { call, chargesOf, eventually, netChargeOf, order, query } from './shop.ts';

interface OutboxRow extends Record<string, unknown> {
  readonly id: string;
  readonly aggregate_id: string;
  readonly event_type: string;
}

const outboxOf = (service: ServiceName) =>
  query<OutboxRow>(service, (sql) => sql`select id, aggregate_id, event_type from outbox`);

/** Each topic has the id of every committed outbox row at least once, and no other ids. */
async function expectOutboxPublished(): Promise<void> {
  for (const service of serviceNames) {
    const { topic } = services[service];
    await eventually(
      `all events of the ${service} service are on ${topic}`,
      async () => {
        const published = new Set((await readTopic(topic)).map((record) => header(record, 'id')));
        const missing = (await outboxOf(service)).filter((row) => !published.has(row.id));
        if (missing.length > 0) throw new Error(`missing: ${JSON.stringify(missing.slice(0, 5))}`);
        return true;
      },
      60_000,
    );
    const committed = new Set((await outboxOf(service)).map((row) => row.id));
    const published = await readTopic(topic);
    expect(published.filter((record) => !committed.has(header(record, 'id') ?? ''))).toEqual([]);
  }
}

/** Every consumer group has handled each event of these orders to which it reacts, and there are no dead letters. */
async function expectHandledOnce(orderIds: readonly string[]): Promise<void> {
  const reactions: Record<string, readonly ServiceName[]> = {
    'order.created': ['inventory', 'payment'],
    'inventory.reserved': ['order', 'payment'],
    'inventory.reservation_failed': ['order', 'payment'],
    'inventory.released': ['order', 'payment'],
    'payment.succeeded': ['order', 'inventory'],
    'payment.failed': ['order', 'inventory'],
    'order.cancelled': ['inventory', 'payment'],
    'order.fulfilled': ['inventory'],
    'inventory.committed': ['order'],
    'payment.refunded': ['order'],
  };
  const events = (await Promise.all(serviceNames.map(outboxOf))).flat();
  const eventsOfOrders = events.filter((event) => orderIds.includes(event.aggregate_id));
  for (const consumer of serviceNames) {
    const expected = eventsOfOrders
      .filter((event) => reactions[event.event_type]?.includes(consumer))
      .map((event) => event.id);
    await eventually(
      `the ${consumer} service has handled its ${expected.length} events`,
      async () => {
        const rows = await query(
          consumer,
          (sql) =>
            sql`select count(*)::int as handled from processed_events where event_id in ${sql(expected)}`,
        );
        if (rows[0]?.['handled'] !== expected.length) throw new Error(JSON.stringify(rows));
        return true;
      },
      60_000,
    );
    expect(await query(consumer, (sql) => sql`select * from dead_letters`)).toEqual([]);
  }
}

/** No product is oversold. Its stock equals the sum of its ledger, and its reserved units equal the sum of its open reservations. */
async function expectStockConserved(): Promise<void> {
  const rows = await query(
    'inventory',
    (sql) => sql`
      select i.product_id, i.available, i.reserved, m.available as ledger_available, m.reserved as ledger_reserved,
             coalesce(r.units, 0)::int as reservation_units
      from inventory i
      join (select product_id, sum(available_delta)::int as available, sum(reserved_delta)::int as reserved
            from stock_movements group by product_id) m using (product_id)
      left join (select product_id, sum(quantity) as units from reservation_items
                 join reservations using (order_id) where state in ('reserved', 'pinned')
                 group by product_id) r using (product_id)
      where i.available <> m.available or i.reserved <> m.reserved or i.reserved <> coalesce(r.units, 0)
         or i.reserved < 0 or i.reserved > i.available`,
  );
  expect(rows).toEqual([]);
}

/**
 * The ledger of the payment provider has one charge, for the total, of each paid order; for every other order, charges minus
 * refunds are zero.
 */
async function expectChargesCorrect(orderIds: readonly string[]): Promise<void> {
  for (const id of orderIds) {
    const { status, total } = await order(id);
    const isPaidFor = status === 'PAID' || status === 'FULFILLED';
    expect(await netChargeOf(id), `net charge of ${id}, which is ${status}`).toBe(
      isPaidFor ? total.amountMinor : 0,
    );
    expect((await chargesOf(id)).length, `charges of ${id}`).toBeLessThanOrEqual(1);
  }
}

/** The audit log of a service is unchanged, and every entry is in the hash chain. */
export async function expectAuditLogIntact(service: ServiceName): Promise<void> {
  await eventually(`the audit log of the ${service} service is intact and sealed`, async () => {
    const { status, body } = await call(service, '/api/v1/audit/verification', { as: 'admin' });
    if (status !== 200 || Object(body).unsealed !== 0) throw new Error(JSON.stringify(body));
    expect(body).toMatchObject({ status: 'intact', firstBroken: null });
    return true;
  });
}

/**
 * For orders that became PAID without a failure: each history has no gap, and each topic has each event of an order exactly once, in
 * commit order.
 */
export async function expectEventsInCommitOrder(orderIds: readonly string[]): Promise<void> {
  const histories = await query(
    'order',
    (sql) => sql`select order_id, array_agg(version order by sequence) as versions from order_events
      where order_id in ${sql(orderIds)} and outcome = 'accepted' group by order_id`,
  );
  expect(histories.length).toBe(orderIds.length);
  for (const history of histories)
    expect(history['versions'], String(history['order_id'])).toEqual([1, 2, 3, 4]);
  for (const service of serviceNames) {
    const rows = await query(
      service,
      (sql) => sql`select id, aggregate_id from outbox where aggregate_id in ${sql(orderIds)} order by id`,
    );
    const records = await readTopic(services[service].topic);
    for (const orderId of orderIds) {
      const committed = rows.filter((row) => row['aggregate_id'] === orderId).map((row) => row['id']);
      const published = records.filter((record) => String(record.key) === orderId);
      expect(
        published.map((record) => header(record, 'id')),
        `${service} events of ${orderId}`,
      ).toEqual(committed);
    }
  }
}

export async function expectInvariants(orderIds: readonly string[]): Promise<void> {
  await expectOutboxPublished();
  await expectHandledOnce(orderIds);
  await expectStockConserved();
  await expectChargesCorrect(orderIds);
  for (const service of serviceNames) await expectAuditLogIntact(service);
  // The auditor checks all orders of the stack, with code that is independent of this file.
  await expectAuditorGreen();
}
