// Orders at fixed rates of arrival, whatever the system makes of them: an arrival does not wait for the answers before it, and each
// latency counts from the intended start, so that a stall is seen by every order that it delays. The rate rises until the p99 of
// placed → PAID is above its bound; the last rate below it is the knee. At half of the knee the time is split by stage and the
// CPU by part.
import { Agent } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { build, type Histogram } from 'hdr-histogram-js';
import type { Stack } from '../stack/boot.ts';
import { until } from '../stack/supervise/deadline.ts';
import { callOver } from './client.ts';
import { cpuPer, readCpu, readMemory, totalCpu, type CpuTimes } from './processes.ts';
import { onOwnStack, type Say } from './own-stack.ts';
import { newProduct, signIn, withId } from './shop.ts';
import {
  closeDatabases,
  openDatabases,
  paidAt,
  readStages,
  stageNames,
  type Sqls,
  type Stages,
} from './stages.ts';

export interface LoadOptions {
  /** Orders per second, ascending. */
  readonly rates: readonly number[];
  /** Of each rate. */
  readonly seconds: number;
  /** Bound of the p99 of placed → PAID, milliseconds. */
  readonly p99AtMost: number;
  readonly say: Say;
}

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
  /** From the first intended start to the last commit of PAID. */
  readonly paidPerSecond: number;
  /** CPU milliseconds an order, by part; undefined where the system does not tell. */
  readonly cpu: CpuTimes | undefined;
}

export interface LoadReport {
  readonly steps: readonly Step[];
  /** Orders per second; undefined when already the first rate is above the bound. */
  readonly knee: number | undefined;
  /** At half of the knee. */
  readonly half: (Step & { readonly stages: Readonly<Record<keyof Stages, number>> }) | undefined;
  /** CPU milliseconds per second of a stack at rest, by part. */
  readonly idle: CpuTimes | undefined;
  /** MiB resident by part, at the end. */
  readonly memory: Readonly<Record<string, number>> | undefined;
}

const products = 20;
const drainWithinMs = 120_000;

interface Shop {
  readonly stack: Stack;
  readonly sqls: Sqls;
  readonly agent: Agent;
  readonly token: string;
  readonly productIds: readonly string[];
}

const openShop = async (stack: Stack): Promise<Shop> => {
  const [seller, token] = await Promise.all([
    signIn('seller@orderflow.io', stack.urls.dashboard),
    signIn('user@orderflow.io', stack.urls.dashboard),
  ]);
  const sqls = openDatabases(stack);
  const productIds: string[] = [];
  for (let made = 0; made < products; made += 1)
    productIds.push(await newProduct(seller, 1_000_000, stack.urls.inventory));
  await until({ what: 'the order service to know the products', withinMs: 30_000 }, async () => {
    const known = await sqls.order`select 1 from catalogue where product_id = any (${productIds})`;
    return known.length === products;
  });
  return { stack, sqls, agent: new Agent({ keepAlive: true, maxSockets: 256 }), token, productIds };
};

const round = (value: number): number => Math.round(value * 10) / 10;

/** Milliseconds at a percentile of a histogram of microseconds. */
const at = (histogram: Histogram, percentile: number): number =>
  round(histogram.getValueAtPercentile(percentile) / 1_000);

/** Places orders at a rate for some seconds and waits until all of them are PAID. */
const runStep = async (shop: Shop, rate: number, seconds: number) => {
  const { stack, sqls, agent, token, productIds } = shop;
  const starts = new Map<string, number>();
  const refused: Record<string, number> = {};
  const cpuBefore = readCpu(stack);
  const since = new Date();
  const began = Date.now();
  const answers: Promise<void>[] = [];
  const place = async (index: number, intended: number): Promise<void> => {
    const items = [{ productId: productIds[index % products], quantity: 1 }];
    const body = { items, payment: { mode: 'AUTO', method: 'card' } };
    const answer = await callOver(agent, `${stack.urls.order}/api/v1/orders`, token, 'POST', body);
    if (answer?.status === 201) starts.set(withId.parse(JSON.parse(answer.body)).id, intended);
    else {
      const key = String(answer?.status ?? 'none');
      refused[key] = (refused[key] ?? 0) + 1;
    }
  };
  const count = Math.round(rate * seconds);
  for (let index = 0; index < count; index += 1) {
    const intended = began + (index * 1_000) / rate;
    const wait = intended - Date.now();
    if (wait > 0) await delay(wait);
    answers.push(place(index, intended));
  }
  await Promise.all(answers);
  const ids = [...starts.keys()];
  const paid = await until(
    { what: `${ids.length} orders to be PAID`, withinMs: drainWithinMs, everyMs: 250 },
    async () => {
      const found = await paidAt(sqls.order, ids);
      return found.size === ids.length && found;
    },
  );
  const cpuAfter = readCpu(stack);
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
  };
  return { step, starts, since };
};

const meanStages = (orders: readonly Stages[]): Record<keyof Stages, number> => {
  const mean = (stage: keyof Stages): number =>
    round(orders.reduce((sum, stages) => sum + stages[stage], 0) / orders.length);
  const [request, published, delivered, handled, gateway] = stageNames.map(mean);
  return {
    request: request ?? NaN,
    published: published ?? NaN,
    delivered: delivered ?? NaN,
    handled: handled ?? NaN,
    gateway: gateway ?? NaN,
  };
};

export const stepLine = ({ rate, orders, refused, p50, p90, p99, max, paidPerSecond, cpu }: Step): string => {
  const refusals = Object.entries(refused).map(([status, count]) => `   ${count} × ${status}`);
  return (
    `${String(rate).padStart(4)} orders/s   p50 ${p50} ms   p90 ${p90}   p99 ${p99}   max ${max}   ` +
    `${paidPerSecond} PAID/s   ${cpu ? `${totalCpu(cpu)} CPU ms an order` : ''}   (${orders})${refusals.join('')}`
  );
};

/** CPU milliseconds per second and part while nobody orders. */
const measureIdle = async (stack: Stack, seconds: number): Promise<CpuTimes | undefined> => {
  const before = readCpu(stack);
  await delay(seconds * 1_000);
  const after = readCpu(stack);
  return before && after && cpuPer(before, after, seconds);
};

/** Measures on a stack of its own. */
export const benchLoad = ({ rates, seconds, p99AtMost, say }: LoadOptions): Promise<LoadReport> =>
  onOwnStack(say, {}, async (stack) => {
    const shop = await openShop(stack);
    try {
      say('warming up for 20 s at 5 orders/s …');
      await runStep(shop, 5, 20);
      say('measuring the stack at rest for 30 s …');
      const idle = await measureIdle(stack, 30);
      if (idle) say(`at rest: ${round(totalCpu(idle) / 10)} % of a core`);
      const steps: Step[] = [];
      for (const rate of rates) {
        const { step } = await runStep(shop, rate, seconds);
        steps.push(step);
        say(stepLine(step));
        if (step.p99 > p99AtMost || Object.keys(step.refused).length > 0) break;
      }
      const held = steps.filter(({ p99, refused }) => p99 <= p99AtMost && Object.keys(refused).length === 0);
      const knee = held.at(-1)?.rate;
      if (knee === undefined) return { steps, knee, half: undefined, idle, memory: readMemory(stack) };
      say(`the knee is at ${knee} orders/s; half of it for ${seconds * 2} s …`);
      const { step, starts, since } = await runStep(shop, knee / 2, seconds * 2);
      const stages = meanStages(await readStages(shop.sqls, starts, since));
      say(stepLine(step));
      return { steps, knee, half: { ...step, stages }, idle, memory: readMemory(stack) };
    } finally {
      shop.agent.destroy();
      await closeDatabases(shop.sqls);
    }
  });
