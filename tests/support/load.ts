// A small, steady load of clients that retry: each request to place an order has an Idempotency-Key and is repeated until the order
// is accepted.
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { expectInvariants } from './invariants.ts';
import { eventually, orderWith, placeRaw } from './shop.ts';

/** Repeats the request to place an order until the order is accepted, and returns the id of the order. */
export const placeUntilAccepted = (productId: string): Promise<string> => {
  const headers = { 'idempotency-key': randomUUID() };
  return eventually(
    'the order is accepted',
    async () => {
      const { status, body } = await placeRaw({ items: [{ productId, quantity: 1 }], headers });
      if (status !== 201) throw new Error(`answered ${status}`);
      return String(Object(body).id);
    },
    120_000,
  );
};

interface Load {
  readonly productId: string;
  readonly orders: number;
  /** The pause between two orders. */
  readonly pauseMs: number;
}

/**
 * Places orders, injects `fault` after a third of the orders, and places one more order when `fault` has ended. Then waits until all
 * orders are PAID, and checks the invariants.
 */
export async function underLoad(
  { productId, orders, pauseMs }: Load,
  fault: () => Promise<void>,
): Promise<string[]> {
  const placed: Promise<string>[] = [];
  for (let index = 0; index < orders; index += 1) {
    placed.push(placeUntilAccepted(productId));
    // The pause spreads the orders over the steps of the saga, so each service works on some of them when the fault happens.
    await delay(pauseMs);
    if (index === Math.floor(orders / 3)) placed.push(fault().then(() => placeUntilAccepted(productId)));
  }
  const ids = await Promise.all(placed);
  expect(new Set(ids).size).toBe(orders + 1);
  for (const id of ids) await orderWith(id, 'PAID', 120_000);
  await expectInvariants(ids);
  return ids;
}
