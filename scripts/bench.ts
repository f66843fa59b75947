// npm run bench: how long an event takes from its commit to the commit of what it causes, and an order from the request to
// PAID, on the stack that `npm start` runs. Latencies come from PostgreSQL's own commit timestamps, so neither polling nor
// the clock of this process is in them. Figures of one run are comparable with each other, not with another machine's.
import { parseArgs } from 'node:util';
import { setTimeout as delay } from 'node:timers/promises';
import postgres from 'postgres';
import { z } from 'zod';
import { explain, failure } from './stack/failure.ts';
import { demoPassword } from './stack/demonstration.ts';
import { portsFrom } from './stack/ports.ts';
import { urlsOf } from './stack/boot.ts';
import {
  databasePorts,
  developmentPassword,
  passwords,
  services,
  type ServiceName,
} from './stack/topology.ts';

const { values: flags } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '20' },
    rates: { type: 'string', default: '10,100' },
    orders: { type: 'string', default: '30' },
  },
});
const urls = urlsOf(portsFrom(process.env));

interface Latency {
  readonly what: string;
  readonly samples: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

const summarise = (what: string, latencies: readonly number[]): Latency => {
  const sorted = [...latencies].sort((a, b) => a - b);
  const at = (share: number): number =>
    Math.round((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN) * 10) / 10;
  return { what, samples: sorted.length, p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) };
};

const connect = (service: ServiceName): postgres.Sql => {
  const { database, owner } = services[service].database;
  return postgres({
    host: '127.0.0.1',
    port: portsFrom(process.env)[databasePorts[service]],
    database,
    username: owner,
    password: process.env[passwords[service].owner] ?? developmentPassword,
    max: 2,
    connect_timeout: 5,
  });
};

const signIn = async (email: string): Promise<string> => {
  const response = await fetch(`${urls.dashboard}/auth/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password: demoPassword }),
    signal: AbortSignal.timeout(5_000),
  }).catch((cause: unknown) => {
    throw Object.assign(failure('nothing answers where the stack should be; run npm start first'), { cause });
  });
  return z.object({ access_token: z.string() }).parse(await response.json()).access_token;
};

const call = async (url: string, token: string, method: string, body: unknown): Promise<unknown> => {
  const response = await fetch(url, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(10_000),
  });
  if (!response.ok) throw failure(`${method} ${url} answered ${response.status}`);
  return response.json();
};

const withId = z.object({ id: z.string() });

/** Calls `task` at a steady rate for some seconds; a slow answer does not slow the rate. */
const steadily = async (perSecond: number, seconds: number, task: (index: number) => Promise<void>) => {
  const running: Promise<void>[] = [];
  const began = performance.now();
  for (let index = 0; index < perSecond * seconds; index += 1) {
    await delay(Math.max(0, began + (index * 1_000) / perSecond - performance.now()));
    running.push(task(index));
  }
  await Promise.all(running);
};

const newProduct = async (token: string, quantity: number): Promise<string> => {
  const sku = `BENCH-${Date.now()}-${Math.round(Math.random() * 1e6)}`;
  const price = { amountMinor: 1, currency: 'EUR' };
  const body = { name: 'Benchmark', sku, price, quantity };
  return withId.parse(await call(`${urls.inventory}/api/v1/products`, token, 'POST', body)).id;
};

/** inventory.product_changed, from the commit at inventory to the commit of the catalogue copy at order. */
const hop = async (perSecond: number, seconds: number): Promise<Latency[]> => {
  const token = await signIn('seller@orderflow.io');
  const products = await Promise.all(Array.from({ length: 20 }, () => newProduct(token, 1)));
  const [inventory, order] = [connect('inventory'), connect('order')];
  try {
    // A change of price is one event; twenty products keep the row locks apart.
    const change = async (index: number): Promise<void> => {
      const price = { amountMinor: index + 2, currency: 'EUR' };
      await call(`${urls.inventory}/api/v1/products/${products[index % 20] ?? ''}`, token, 'PATCH', {
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
    const since_ = (time: (row: (typeof consumed)[number]) => number): number[] =>
      consumed.map((row) => time(row) - (committed.get(row.id) ?? NaN));
    const load = `at ${perSecond} events/s`;
    return [
      summarise(
        `commit → published ${load}`,
        since_((row) => row.published),
      ),
      summarise(
        `commit → consumed ${load}`,
        since_((row) => row.consumed),
      ),
    ];
  } finally {
    await Promise.all([inventory.end({ timeout: 5 }), order.end({ timeout: 5 })]);
  }
};

/** From sending the request until PAID is committed, at one order a second. */
const placedToPaid = async (orders: number): Promise<Latency> => {
  const [seller, customer] = [await signIn('seller@orderflow.io'), await signIn('user@orderflow.io')];
  const productId = await newProduct(seller, orders + 5);
  const sql = connect('order');
  try {
    for (let tries = 0; tries < 100; tries += 1) {
      const known = await sql`select 1 from catalogue where product_id = ${productId}`;
      if (known.length > 0) break;
      await delay(50);
    }
    const sent = new Map<string, number>();
    const place = async (index: number): Promise<void> => {
      const at = Date.now();
      const body = { items: [{ productId, quantity: 1 }], payment: { mode: 'AUTO', method: 'card' } };
      const { id } = withId.parse(await call(`${urls.order}/api/v1/orders`, customer, 'POST', body));
      // The first orders warm up what has not run yet.
      if (index >= 5) sent.set(id, at);
    };
    await steadily(1, orders + 5, place);
    const ids = [...sent.keys()];
    const read = () => sql<{ id: string; paid: number }[]>`
      select order_id as id, (extract(epoch from pg_xact_commit_timestamp(xmin)) * 1000)::float8 as paid
      from order_events where status = 'PAID' and type <> 'confirm' and order_id in ${sql(ids)}`;
    let paid = await read();
    for (let tries = 0; paid.length < ids.length && tries < 100; tries += 1) {
      await delay(100);
      paid = await read();
    }
    if (paid.length < ids.length) throw failure(`${ids.length - paid.length} orders are not PAID`);
    return summarise(
      'placed → PAID at 1 order/s',
      paid.map(({ id, paid: at }) => at - (sent.get(id) ?? NaN)),
    );
  } finally {
    await sql.end({ timeout: 5 });
  }
};

try {
  const say = (line: string): void => {
    if (!flags.json) process.stdout.write(`${line}\n`);
  };
  const results: Latency[] = [];
  const show = (latencies: readonly Latency[]): void => {
    for (const latency of latencies) {
      const { what, samples, p50, p90, p99, max } = latency;
      say(`${what.padEnd(36)} p50 ${p50} ms   p90 ${p90} ms   p99 ${p99} ms   max ${max} ms   (${samples})`);
      results.push(latency);
    }
  };
  for (const rate of flags.rates.split(',')) show(await hop(Number(rate), Number(flags.seconds)));
  show([await placedToPaid(Number(flags.orders))]);
  if (flags.json) process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
} catch (error) {
  process.stderr.write(`${explain(error)}\n`);
  process.exitCode = 1;
}
