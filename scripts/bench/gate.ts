// Measures the transactions and database round trips per order from the services' metrics. The counts depend on the code and hardly
// on the machine, so they are compared with a baseline that is kept in git; a count more than 10 % above the baseline fails.
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { Stack } from '../stack/boot.ts';
import { failure } from '../../schemas/tools/failure.ts';
import { serviceNames } from '../stack/topology.ts';
import { round } from './latency.ts';
import { onOwnStack, type Say } from './own-stack.ts';
import { disconnectShop, prepareShop, placeByClients, type Shop } from './orders.ts';
import { systemOf } from './system.ts';

const databaseUse = z.object({ transactionsPerOrder: z.number(), roundTripsPerOrder: z.number() });
type DatabaseUse = z.infer<typeof databaseUse>;

const baselineFile = new URL('database-use.json', import.meta.url);
const readBaseline = (): DatabaseUse => databaseUse.parse(JSON.parse(readFileSync(baselineFile, 'utf8')));

/** Highest accepted count, as a multiple of the baseline. */
const tolerance = 1.1;

interface GateReport {
  readonly measured: DatabaseUse;
  readonly baseline: DatabaseUse;
  /** The counts that are too high, as sentences. */
  readonly exceeded: readonly string[];
}

interface Counts {
  readonly at: number;
  readonly transactions: number;
  readonly roundTrips: number;
}

const metric = (text: string, name: string): number => {
  const value = new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1];
  if (value === undefined) throw failure(`a service has no metric ${name}`);
  return Number(value);
};

/** The sums over the three services. */
const readCounts = async ({ urls }: Stack): Promise<Counts> => {
  const texts = await Promise.all(
    serviceNames.map(async (service) => {
      const response = await fetch(`${urls[service]}/metrics`, { signal: AbortSignal.timeout(10_000) });
      return response.text();
    }),
  );
  const sum = (name: string): number => texts.reduce((total, text) => total + metric(text, name), 0);
  return {
    at: performance.now(),
    transactions: sum('orderflow_database_transactions_total'),
    roundTrips: sum('orderflow_database_round_trips_total'),
  };
};

/** Transactions and round trips per millisecond without orders, for example from sweeps. */
const idleRate = async (stack: Stack, seconds: number) => {
  const before = await readCounts(stack);
  await delay(seconds * 1_000);
  const after = await readCounts(stack);
  const elapsed = after.at - before.at;
  return {
    transactions: (after.transactions - before.transactions) / elapsed,
    roundTrips: (after.roundTrips - before.roundTrips) / elapsed,
  };
};

/** Places one order at a time: the next one when the previous one is PAID. */
const placeOrders = async (shop: Shop, count: number): Promise<void> => {
  for (let placed = 0; placed < count; placed += 1) await placeByClients(shop, 1, 1);
};

export const exceededCounts = (measured: DatabaseUse, baseline: DatabaseUse): readonly string[] => {
  const compare = (name: string, actual: number, expected: number): readonly string[] =>
    actual <= expected * tolerance
      ? []
      : [`${round(actual)} ${name} per order; the baseline is ${expected}, and 10 % more is allowed`];
  return [
    ...compare('transactions', measured.transactionsPerOrder, baseline.transactionsPerOrder),
    ...compare('round trips', measured.roundTripsPerOrder, baseline.roundTripsPerOrder),
  ];
};

/** Measures on a separate stack. `write` stores the measured counts as the new baseline. */
export const benchGate = (orders: number, write: boolean, say: Say): Promise<GateReport> =>
  onOwnStack(say, {}, async (stack) => {
    const shop = await prepareShop(systemOf(stack));
    try {
      say('warming up …');
      await placeOrders(shop, 10);
      say('measuring the idle stack for 20 s …');
      const idle = await idleRate(stack, 20);
      say(`placing ${orders} orders …`);
      const before = await readCounts(stack);
      await placeOrders(shop, orders);
      // PAID does not wait for every consumer: some still handle events of the last order.
      await delay(1_000);
      const after = await readCounts(stack);
      const elapsed = after.at - before.at;
      const perOrder = (key: 'transactions' | 'roundTrips'): number =>
        (after[key] - before[key] - idle[key] * elapsed) / orders;
      const measured = {
        transactionsPerOrder: round(perOrder('transactions')),
        roundTripsPerOrder: round(perOrder('roundTrips')),
      };
      if (write) writeFileSync(baselineFile, `${JSON.stringify(measured)}\n`);
      const baseline = readBaseline();
      return { measured, baseline, exceeded: exceededCounts(measured, baseline) };
    } finally {
      await disconnectShop(shop);
    }
  });
