// Measures the time from the commit of an event to the commit of its consumer, and from the request of an order to PAID. Commit
// times come from PostgreSQL, publication times from the Kafka record, and the start of a request from the clock of this process.
// This process polls for the results, but no time depends on when it polls.
import { setTimeout as delay } from 'node:timers/promises';
import postgres from 'postgres';
import { failure } from '../../schemas/tools/failure.ts';
import type { ServiceName } from '../stack/topology.ts';
import { summarise, type Latency } from './latency.ts';
import { disconnectShop, prepareShop, placeAtRate } from './orders.ts';
import { call, newProduct, refusal, signIn } from './shop.ts';
import { steadily } from './steadily.ts';
import type { System } from './system.ts';

const connect = (system: System, service: ServiceName): postgres.Sql =>
  postgres(system.databaseUrl(service), { max: 2, connect_timeout: 5 });

/** The label of the latency from commit to publication. This latency depends on the pipeline alone, not on a consumer. */
export const publishedLatencyName = (perSecond: number): string =>
  `commit → published at ${perSecond} events/s`;

/**
 * Measures inventory.product_changed from its commit in the inventory service to its publication, and to the commit of the
 * catalogue copy in the order service.
 */
export const measureHop = async (system: System, perSecond: number, seconds: number): Promise<Latency[]> => {
  const token = await signIn('seller@orderflow.io', system.urls.dashboard);
  const products = await Promise.all(
    Array.from({ length: 20 }, () => newProduct(token, 1, system.urls.inventory)),
  );
  const [inventory, order] = [connect(system, 'inventory'), connect(system, 'order')];
  try {
    // A change of price is one event. With twenty products, concurrent changes rarely wait for the same row lock.
    const change = async (index: number): Promise<void> => {
      const price = { amountMinor: index + 2, currency: 'EUR' };
      await call(`${system.urls.inventory}/api/v1/products/${products[index % 20] ?? ''}`, token, 'PATCH', {
        price,
      });
    };
    await steadily(perSecond, 3, change);
    const [{ since } = { since: new Date() }] = await inventory<
      { since: Date }[]
    >`select clock_timestamp() as since`;
    await steadily(perSecond, seconds, (index) => change(index + 1_000_000));
    const emitted = await inventory<{ id: string; at: number }[]>`
      select id, (extract(epoch from pg_xact_commit_timestamp(xmin)) * 1000)::float8 as at
      from outbox where occurred_at >= ${since} and aggregate_id in ${inventory(products)}`;
    const ids = emitted.map(({ id }) => id);
    const read = () => order<{ id: string; published: number; consumed: number }[]>`
      select event_id as id, (extract(epoch from published_at) * 1000)::float8 as published,
             (extract(epoch from pg_xact_commit_timestamp(xmin)) * 1000)::float8 as consumed
      from processed_events where event_id in ${order(ids)}`;
    let consumed = await read();
    for (let tries = 0; consumed.length < ids.length && tries < 100; tries += 1) {
      await delay(100);
      consumed = await read();
    }
    if (consumed.length < ids.length) throw failure(`${ids.length - consumed.length} events did not arrive`);
    const committed = new Map(emitted.map(({ id, at }) => [id, at]));
    const elapsed = (time: (row: (typeof consumed)[number]) => number): number[] =>
      consumed.map((row) => time(row) - (committed.get(row.id) ?? NaN));
    return [
      summarise(
        publishedLatencyName(perSecond),
        elapsed((row) => row.published),
      ),
      summarise(
        `commit → consumed at ${perSecond} events/s`,
        elapsed((row) => row.consumed),
      ),
    ];
  } finally {
    await Promise.all([inventory.end({ timeout: 5 }), order.end({ timeout: 5 })]);
  }
};

/** Measures the time from the intended start of a request to the commit of PAID, at one order per second. */
export const measurePaid = async (system: System, orders: number): Promise<Latency> => {
  const shop = await prepareShop(system);
  try {
    // Warm-up.
    await placeAtRate(shop, 1, 5);
    const { orders: samples, refused, p50, p90, p99, max } = (await placeAtRate(shop, 1, orders)).step;
    const [status] = Object.keys(refused);
    if (status !== undefined) throw refusal('an order', status);
    return { name: 'placed → PAID at 1 order/s', samples, p50, p90, p99, max };
  } finally {
    await disconnectShop(shop);
  }
};
