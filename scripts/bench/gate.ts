// How much of the databases one order needs: transactions and round trips, as the services' own metrics count them. They depend on
// the code and hardly on the machine, so they are compared with committed values, and a change that adds 10 % fails.
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { Stack } from '../stack/boot.ts';
import { failure } from '../../schemas/tools/failure.ts';
import { serviceNames } from '../stack/topology.ts';
import { round } from './latency.ts';
import { onOwnStack, type Say } from './own-stack.ts';
import { closeShop, openShop, placeByClients, type Shop } from './orders.ts';
import { systemOf } from './system.ts';

const databaseUse = z.object({ transactionsPerOrder: z.number(), roundTripsPerOrder: z.number() });
type DatabaseUse = z.infer<typeof databaseUse>;

const committedFile = new URL('database-use.json', import.meta.url);
const committed = (): DatabaseUse => databaseUse.parse(JSON.parse(readFileSync(committedFile, 'utf8')));

/** A count may be so much higher than the committed one. */
const tolerated = 1.1;

interface GateReport {
  readonly measured: DatabaseUse;
  readonly committed: DatabaseUse;
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

/** What happens without orders, such as sweeps, by the second. */
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

/** Places orders one after the other, each once the one before is PAID. */
const placeOrders = async (shop: Shop, count: number): Promise<void> => {
  for (let placed = 0; placed < count; placed += 1) await placeByClients(shop, 1, 1);
};

export const exceededCounts = (measured: DatabaseUse, bound: DatabaseUse): readonly string[] => {
  const compare = (what: string, is: number, was: number): readonly string[] =>
    is <= was * tolerated
      ? []
      : [`${round(is)} ${what} an order, ${was} are committed and 10 % more allowed`];
  return [
    ...compare('transactions', measured.transactionsPerOrder, bound.transactionsPerOrder),
    ...compare('round trips', measured.roundTripsPerOrder, bound.roundTripsPerOrder),
  ];
};

/** Measures on a stack of its own. `write` commits what is measured as the new values. */
export const benchGate = (orders: number, write: boolean, say: Say): Promise<GateReport> =>
  onOwnStack(say, {}, async (stack) => {
    const shop = await openShop(systemOf(stack));
    try {
      say('warming up …');
      await placeOrders(shop, 10);
      say('measuring the idle stack for 20 s …');
      const idle = await idleRate(stack, 20);
      say(`placing ${orders} orders …`);
      const before = await readCounts(stack);
      await placeOrders(shop, orders);
      // The last order's events reach the services that its status does not wait for.
      await delay(1_000);
      const after = await readCounts(stack);
      const elapsed = after.at - before.at;
      const perOrder = (key: 'transactions' | 'roundTrips'): number =>
        (after[key] - before[key] - idle[key] * elapsed) / orders;
      const measured = {
        transactionsPerOrder: round(perOrder('transactions')),
        roundTripsPerOrder: round(perOrder('roundTrips')),
      };
      if (write) writeFileSync(committedFile, `${JSON.stringify(measured)}\n`);
      const bound = committed();
      return { measured, committed: bound, exceeded: exceededCounts(measured, bound) };
    } finally {
      await closeShop(shop);
    }
  });
