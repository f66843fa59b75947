// Places orders with one line and automatic payment, and measures them.
import { Agent } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { build, type Histogram } from 'hdr-histogram-js';
import { until } from '../stack/supervise/deadline.ts';
import { serviceNames } from '../stack/topology.ts';
import { callOver } from './client.ts';
import { round } from './latency.ts';
import { cpuPer, readCpu, totalCpu, type CpuTimes } from './processes.ts';
import { newProduct, refusal, signIn, withId } from './shop.ts';
import { closeDatabases, allPaidAt, openDatabases, type Sqls } from './stages.ts';
import { steadily } from './steadily.ts';
import type { System } from './system.ts';

export interface Step {
  /** Intended arrivals per second. */
  readonly rate: number;
  readonly orders: number;
  /** Orders that were not accepted, by status; `none`: there was no answer. */
  readonly refused: Readonly<Record<string, number>>;
  /** Placed → PAID, milliseconds. */
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
  /** Paid orders per second, from the first intended start to the last commit of PAID. */
  readonly paidPerSecond: number;
  /** CPU milliseconds per order, by part; undefined where there is no /proc. */
  readonly cpu: CpuTimes | undefined;
  /** KiB of WAL that the three databases wrote, per order. */
  readonly walKiB: number;
}

/**
 * Orders before a measurement of throughput. The JVMs and Node compile the code of the hot path only after thousands of events:
 * the first orders take twice the CPU time of later ones.
 */
export const warmUpOrders = 3_000;

/** Enough products that concurrent orders rarely lock the same stock. */
export const manyProducts = 20;
const drainWithinMs = 120_000;

export interface Shop {
  readonly system: System;
  readonly sqls: Sqls;
  readonly agent: Agent;
  /** The access token of the customer, valid for an hour. */
  readonly token: string;
  readonly productIds: readonly string[];
}

/** `products`: the number of products; the orders use them in turn. */
export const prepareShop = async (system: System, products = manyProducts): Promise<Shop> => {
  const [seller, token] = await Promise.all([
    signIn('seller@orderflow.io', system.urls.dashboard),
    signIn('user@orderflow.io', system.urls.dashboard),
  ]);
  const sqls = openDatabases(system);
  const productIds: string[] = [];
  for (let made = 0; made < products; made += 1)
    productIds.push(await newProduct(seller, 1_000_000, system.urls.inventory));
  await until({ what: 'the order service to know the products', withinMs: 30_000 }, async () => {
    const known = await sqls.order`select 1 from catalogue where product_id = any (${productIds})`;
    return known.length === products;
  });
  return { system, sqls, agent: new Agent({ keepAlive: true, maxSockets: 256 }), token, productIds };
};

export const disconnectShop = async ({ agent, sqls }: Shop): Promise<void> => {
  agent.destroy();
  await closeDatabases(sqls);
};

/** Milliseconds at a percentile of a histogram of microseconds. */
const at = (histogram: Histogram, percentile: number): number =>
  round(histogram.getValueAtPercentile(percentile) / 1_000);

/** The order, or the HTTP status of a refusal, or `none` without a response. */
const placeOrder = async (
  { system, agent, token, productIds }: Shop,
  index: number,
): Promise<{ readonly id: string } | string> => {
  const items = [{ productId: productIds[index % productIds.length], quantity: 1 }];
  const body = { items, payment: { mode: 'AUTO', method: 'card' } };
  const answer = await callOver(agent, `${system.urls.order}/api/v1/orders`, token, 'POST', body);
  return answer?.status === 201 ? withId.parse(JSON.parse(answer.body)) : String(answer?.status ?? 'none');
};

/** Places orders at a rate for some seconds and waits until all accepted ones are PAID. Throws a failure when none is accepted. */
export const placeAtRate = async (shop: Shop, rate: number, seconds: number) => {
  const { system } = shop;
  const starts = new Map<string, number>();
  const refused: Record<string, number> = {};
  const cpuBefore = readCpu(system);
  const walBefore = await readWal(shop.sqls);
  const since = new Date();
  const began = Date.now();
  const place = async (index: number, intended: number): Promise<void> => {
    const answer = await placeOrder(shop, index);
    if (typeof answer === 'string') refused[answer] = (refused[answer] ?? 0) + 1;
    else starts.set(answer.id, intended);
  };
  await steadily(rate, seconds, (index) => place(index, began + (index * 1_000) / rate));
  const ids = [...starts.keys()];
  if (ids.length === 0) throw refusal('every order', Object.keys(refused)[0] ?? 'none');
  const paid = await allPaidAt(shop.sqls.order, ids, drainWithinMs);
  const cpuAfter = readCpu(system);
  const histogram = build({ lowestDiscernibleValue: 1, highestTrackableValue: 600_000_000 });
  for (const [id, intended] of starts)
    histogram.recordValue(Math.max(1, Math.round(((paid.get(id) ?? NaN) - intended) * 1_000)));
  const step: Step = {
    rate,
    orders: ids.length,
    refused,
    p50: at(histogram, 50),
    p90: at(histogram, 90),
    p99: at(histogram, 99),
    max: round(histogram.maxValue / 1_000),
    paidPerSecond: round(ids.length / ((Math.max(...paid.values()) - began) / 1_000)),
    cpu: cpuBefore && cpuAfter && cpuPer(cpuBefore, cpuAfter, ids.length),
    walKiB: round(((await readWal(shop.sqls)) - walBefore) / 1024 / ids.length),
  };
  return { step, starts, since };
};

/** Bytes of WAL that the three databases have written since they were created. */
const readWal = async (sqls: Sqls): Promise<number> => {
  const positions = await Promise.all(
    serviceNames.map(async (service) => {
      const [row] = await sqls[service]<
        { at: number }[]
      >`select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8 as at`;
      return row?.at ?? NaN;
    }),
  );
  return positions.reduce((sum, position) => sum + position, 0);
};

/** The same shop with a new token. */
export const signInAgain = async (shop: Shop): Promise<Shop> => ({
  ...shop,
  token: await signIn('user@orderflow.io', shop.system.urls.dashboard),
});

/**
 * Lets `clients` clients each place one order after the other. The rate counts from the first request to the last commit of PAID.
 */
export const placeByClients = async (shop: Shop, clients: number, count: number) => {
  const ids: string[] = [];
  const before = readCpu(shop.system);
  const began = Date.now();
  let next = 0;
  const client = async (): Promise<void> => {
    while (next < count) {
      next += 1;
      const answer = await placeOrder(shop, next);
      // With refused orders, the result would not be comparable.
      if (typeof answer === 'string') throw refusal('an order', answer);
      ids.push(answer.id);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  const paid = await allPaidAt(shop.sqls.order, ids, drainWithinMs);
  const after = readCpu(shop.system);
  return {
    orders: ids.length,
    ordersPerSecond: round(ids.length / ((Math.max(...paid.values()) - began) / 1_000)),
    cpu: before && after && cpuPer(before, after, ids.length),
  };
};

export const stepLine = ({
  rate,
  orders,
  refused,
  p50,
  p90,
  p99,
  max,
  paidPerSecond,
  cpu,
  walKiB,
}: Step): string => {
  const refusals = Object.entries(refused).map(([status, count]) => `   ${count} × ${status}`);
  return (
    `${String(rate).padStart(4)} orders/s   p50 ${p50} ms   p90 ${p90}   p99 ${p99}   max ${max}   ` +
    `${paidPerSecond} PAID/s   ${cpu ? `${totalCpu(cpu)} CPU ms per order` : ''}   ${walKiB} KiB of WAL per order   (${orders})${refusals.join('')}`
  );
};

/** CPU milliseconds per second and part while nobody orders. */
export const measureIdle = async (system: System, seconds: number): Promise<CpuTimes | undefined> => {
  const before = readCpu(system);
  await delay(seconds * 1_000);
  const after = readCpu(system);
  return before && after && cpuPer(before, after, seconds);
};
