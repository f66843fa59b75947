// A small steady load of clients that retry: each order has an Idempotency-Key and is sent again until it is accepted.
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { expectInvariants } from './invariants.ts';
import { eventually, orderWith, placeRaw } from './shop.ts';

/** Sends an order until it is accepted, and returns its id. */
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
  /** Pause between two orders, ms. */
  readonly everyMs: number;
}

/** Places orders, injects `fault` after a third of them, then waits until all are PAID and checks the invariants. */
export async function underLoad(
  { productId, orders, everyMs }: Load,
  fault: () => Promise<void>,
): Promise<string[]> {
  const placed: Promise<string>[] = [];
  for (let index = 0; index < orders; index += 1) {
    placed.push(placeUntilAccepted(productId));
    // The pause keeps some orders in flight in every part when the fault happens.
    await delay(everyMs);
    if (index === Math.floor(orders / 3)) placed.push(fault().then(() => placeUntilAccepted(productId)));
  }
  const ids = await Promise.all(placed);
  expect(new Set(ids).size).toBe(orders + 1);
  for (const id of ids) await orderWith(id, 'PAID', 120_000);
  await expectInvariants(ids);
  return ids;
}
