// The lists, the sweeps and the auditor must not read more pages when the tables grow. The test limits the pages that each query
// reads from tables with a million orders, and allows no sequential scan of a large table.
import { drizzle } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readInbox, readInventory, readOrders, readPayments } from '../../services/auditor/fact-queries.ts';
import { openStockLedger } from '../../services/auditor/stock-ledger.ts';
import { findDueReservations } from '../../services/inventory/inventory-queries.ts';
import { listOrders, findWaitingOrders, type OrderPage } from '../../services/order/order-queries.ts';
import { createTestDatabase, type TestDatabase } from '../stack/test-database.ts';
import { serviceNames, type ServiceName } from '../../scripts/stack/topology.ts';
import { stack } from '../stack/worker-stack.ts';

const million = 1_000_000;

/** Orders of two years, one per minute; the newest orders are open. There are 10,000 customers, one large seller, many medium sellers,
 *  and one seller with three orders. */
const inserts: Readonly<Record<ServiceName, string>> = {
  order: `
    insert into orders (id, customer_id, status, reservation_state, payment_mode, payment_method, payment_state, total_minor,
                        currency, version, created_at, updated_at)
    select ('018f0000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'customer-' || n % 10000,
           case when n > ${million} - 500 then 'PAID' when n > ${million} - 600 then 'PENDING' else 'FULFILLED' end,
           'committed', 'AUTO', 'card', 'succeeded', 100, 'EUR', 4, at, at
    from (select n, now() - (${million} - n) * interval '1 minute' as at from generate_series(1, ${million}) as n) as t;
    insert into order_items (order_id, line, product_id, seller_id, name, quantity, unit_price_minor, fulfilment)
    select ('018f0000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 0, 'product-' || n % 100,
           case when n in (7, 70000, 700000) then 'rare' when n % 2 = 0 then 'large' else 'seller-' || n % 199 end,
           'Thing', 1, 100, case when n > ${million} - 600 then 'open' else 'shipped' end
    from generate_series(1, ${million}) as n;
    insert into order_events (order_id, type, input_id, actor, outcome, status, version, correlation_id, causation_id,
                              occurred_at, recorded_at)
    select ('018f0000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'place_order', n::text, 'a', 'accepted', 'PENDING', 1,
           'c', 'c', now(), now()
    from generate_series(1, ${million}) as n;`,
  inventory: `
    insert into inventory (product_id, seller_id, name, sku, price_minor, currency, available, reserved, version, created_at)
    select 'product-' || n, 'large', 'Thing', 'sku-' || n, 100, 'EUR', ${million / 100}, 0, 1, now()
    from generate_series(0, 99) as n;
    insert into reservations (order_id, state, expires_at, created_at, updated_at)
    select ('018f0000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
           case when n > ${million} - 500 then 'pinned' when n > ${million} - 600 then 'reserved' else 'committed' end,
           case when n > ${million} - 600 and n <= ${million} - 500 then now() end, now(), now()
    from generate_series(1, ${million}) as n;
    insert into reservation_items (order_id, product_id, quantity)
    select ('018f0000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'product-' || n % 100, 1
    from generate_series(1, ${million}) as n;
    insert into stock_movements (product_id, kind, available_delta, reserved_delta, order_id, actor, correlation_id, occurred_at)
    select 'product-' || n % 100, 'restock', 1, 0, null, 'a', 'c', now() from generate_series(1, ${million}) as n;`,
  payment: `
    insert into payments (order_id, hold, charge, refund, version, created_at, updated_at, amount_minor, currency, mode)
    select ('018f0000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'pinned', 'succeeded', 'none', 3, now(), now(), 100, 'EUR',
           'AUTO'
    from generate_series(1, ${million}) as n;
    insert into transactions (id, order_id, kind, idempotency_key, amount_minor, currency, state, attempts, due_at, correlation_id,
                              causation_id, traceparent, created_at, updated_at)
    select gen_random_uuid(), order_id, 'charge', 'charge-' || order_id, 100, 'EUR', 'succeeded', 1, now(), 'c', 'c', 't', now(), now()
    from payments;`,
};
/** Tables that are made unlogged, because so much WAL would invalidate the replication slots of the stack. Tables with a foreign key
 *  come before the tables that they reference. */
const unlogged: Readonly<Record<ServiceName, readonly string[]>> = {
  order: [
    'order_items',
    'order_events',
    'orders',
    'outbox',
    'duplicate_deliveries',
    'processed_events',
    'idempotency_keys',
  ],
  inventory: [
    'reservation_items',
    'stock_movements',
    'reservations',
    'inventory',
    'outbox',
    'duplicate_deliveries',
    'processed_events',
    'idempotency_keys',
  ],
  payment: [
    'transactions',
    'payments',
    'outbox',
    'duplicate_deliveries',
    'processed_events',
    'idempotency_keys',
  ],
};
/** Rows for the messaging tables of each database. */
const messaging = `
  insert into outbox (id, aggregate_type, aggregate_id, event_type, schema_id, payload, correlation_id, causation_id, traceparent,
                      occurred_at)
  select gen_random_uuid(), 'order', 'a-' || n, 'order.created', 1, '\\x000000000102', 'c', 'c',
         '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', now() - n * interval '1 second'
  from generate_series(1, ${million / 5}) as n;
  insert into idempotency_keys (scope, key, fingerprint, status, body, headers, created_at)
  select 'customer POST /api/v1/orders', n::text, 'f', 201, '{}', '{}', now() - n * interval '1 second'
  from generate_series(1, ${million / 5}) as n;
  insert into processed_events (consumer, event_id, event_type, topic, partition, "offset", published_at, processed_at, outcome)
  select 'order-service-group', gen_random_uuid(), 'order.created', 'order-events', n % 6, n, now() - n * interval '1 second',
         now() - n * interval '1 second', 'accepted'
  from generate_series(1, ${million / 5}) as n;`;

interface Query {
  readonly text: string;
  readonly params: readonly unknown[];
}
const sent: Query[] = [];
const databases = new Map<ServiceName, TestDatabase>();
const clients = new Map<ServiceName, postgres.Sql>();

const clientOf = (service: ServiceName): postgres.Sql => {
  const client = clients.get(service);
  if (!client) throw new Error(`there is no database of the ${service} service`);
  return client;
};
const databaseOf = (service: ServiceName) =>
  drizzle(clientOf(service), { logger: { logQuery: (text, params) => sent.push({ text, params }) } });

beforeAll(async () => {
  for (const service of serviceNames) {
    const database = await createTestDatabase(service, stack.databases[service].admin);
    databases.set(service, database);
    const client = postgres(database.url, { max: 2, onnotice: () => undefined });
    clients.set(service, client);
    for (const table of unlogged[service]) await client.unsafe(`alter table ${table} set unlogged`);
    await client.unsafe(inserts[service]);
    await client.unsafe(messaging);
    await client.unsafe('vacuum analyze');
  }
}, 600_000);
afterAll(async () => {
  for (const client of clients.values()) await client.end();
  for (const database of databases.values()) await database.drop();
});

interface Plan {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Shared Hit Blocks': number;
  readonly 'Shared Read Blocks': number;
  readonly Plans?: readonly Plan[];
}
const nodesOf = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];

/** Tables that PostgreSQL may scan sequentially, because they are small in this test: 100 products and no dead letters. */
const smallTables = ['inventory', 'dead_letters'];

/** The tables that the queries of `work` scan sequentially, and the number of 8 kB pages that the most expensive query reads. */
const reads = async (service: ServiceName, work: () => Promise<unknown>) => {
  sent.length = 0;
  await work();
  const scanned = new Set<string>();
  let pages = 0;
  for (const { text, params } of [...sent]) {
    if (!/^\s*(select|with)/i.test(text)) continue;
    const [row] = await clientOf(service).unsafe(
      `explain (analyze, buffers, format json) ${text}`,
      // Safe: Drizzle has just passed the same values to the driver.
      params as postgres.ParameterOrJSON<never>[],
    );
    const [{ Plan: plan }] = row?.['QUERY PLAN'] as [{ Plan: Plan }];
    for (const node of nodesOf(plan)) {
      const table = node['Relation Name'];
      if (node['Node Type'] === 'Seq Scan' && table !== undefined && !smallTables.includes(table))
        scanned.add(table);
    }
    pages = Math.max(pages, plan['Shared Hit Blocks'] + plan['Shared Read Blocks']);
  }
  // Without a recorded query, the limits would hold for no reason.
  expect(pages).toBeGreaterThan(0);
  return { scanned: [...scanned], pages };
};

const firstPage: OrderPage = { viewer: { as: 'admin' }, sort: 'newest', limit: 20, after: undefined };
const middleCursor = {
  createdAt: new Date(Date.now() - 500_000 * 60_000),
  id: '018f0000-0000-7000-8000-00000007a120',
};
const scope = { windowMs: 3_600_000, rows: 500 };

describe('with a million orders', () => {
  it.each<[string, Partial<OrderPage>]>([
    ['an administrator', {}],
    ['an administrator, starting in the middle', { after: middleCursor }],
    ['an administrator, filtered by customer', { customerId: 'customer-77' }],
    ['an administrator, filtered by stuck orders', { stuckSince: new Date() }],
    ['a customer', { viewer: { as: 'customer', id: 'customer-5' } }],
    ['a large seller', { viewer: { as: 'seller', id: 'large' } }],
    [
      'a large seller, filtered by orders to ship',
      { viewer: { as: 'seller', id: 'large' }, toShip: true, sort: 'oldest' },
    ],
    ['a medium seller', { viewer: { as: 'seller', id: 'seller-5' } }],
    [
      'a medium seller, starting in the middle',
      { viewer: { as: 'seller', id: 'seller-5' }, after: middleCursor },
    ],
    ['a seller with three orders', { viewer: { as: 'seller', id: 'rare' } }],
    [
      'a seller with three orders, filtered by orders to ship',
      { viewer: { as: 'seller', id: 'rare' }, toShip: true },
    ],
    ['a seller without orders', { viewer: { as: 'seller', id: 'nobody' } }],
  ])('each query of the list for %s reads fewer than 5,000 pages', async (_reader, change) => {
    const { scanned, pages } = await reads('order', () =>
      listOrders(databaseOf('order'), { ...firstPage, ...change }),
    );
    expect(scanned).toEqual([]);
    expect(pages).toBeLessThan(5_000);
  });

  it('each query of the sweeps reads fewer than 1,000 pages', async () => {
    const deadline = await reads('order', () => findWaitingOrders(databaseOf('order'), new Date(), 100));
    const expiry = await reads('inventory', () =>
      findDueReservations(databaseOf('inventory'), new Date(), 100),
    );
    for (const { scanned, pages } of [deadline, expiry]) {
      expect(scanned).toEqual([]);
      expect(pages).toBeLessThan(1_000);
    }
  });

  it('each query of the auditor reads fewer than 20,000 pages', async () => {
    const ids = Array.from(
      { length: 500 },
      (_, n) => `018f0000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`,
    );
    const results = [
      await reads('order', () => readOrders(databaseOf('order'), scope, ids)),
      await reads('inventory', () => readInventory(databaseOf('inventory'), ids, scope, ids)),
      await reads('payment', () => readPayments(databaseOf('payment'), ids, scope, ids)),
      await reads('order', () => readInbox(databaseOf('order'), 'order-service-group', ids, new Map())),
    ];
    for (const { scanned, pages } of results) {
      expect(scanned).toEqual([]);
      expect(pages).toBeLessThan(20_000);
    }
  });

  it('the auditor sums the whole stock ledger once, and then only the new rows', async () => {
    const ledger = openStockLedger(databaseOf('inventory'));
    await ledger.read();
    const { scanned, pages } = await reads('inventory', ledger.read);
    expect(scanned).toEqual([]);
    expect(pages).toBeLessThan(5_000);
  });
});
