// A small steady load of stubborn clients: each order is placed under one Idempotency-Key and sent again until it is
// answered, as a client with a bad connection would.
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { expectInvariants } from './invariants.ts';
import { eventually, orderWith, placeRaw } from './shop.ts';

/** Places one order, however often it takes; its id. */
export const placeStubbornly = (productId: string): Promise<string> => {
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

export interface Load {
  readonly productId: string;
  readonly orders: number;
  /** Pause between two new orders, ms. */
  readonly everyMs: number;
}

/** Places orders while `fault` happens, a third of the way in, then waits until all are PAID and everything holds. */
export async function underLoad(
  { productId, orders, everyMs }: Load,
  fault: () => Promise<void>,
): Promise<string[]> {
  const placed: Promise<string>[] = [];
  for (let index = 0; index < orders; index += 1) {
    placed.push(placeStubbornly(productId));
    // A steady trickle: some orders are under way in every part when the fault strikes.
    await delay(everyMs);
    if (index === Math.floor(orders / 3)) placed.push(fault().then(() => placeStubbornly(productId)));
  }
  const ids = await Promise.all(placed);
  expect(new Set(ids).size).toBe(orders + 1);
  for (const id of ids) await orderWith(id, 'PAID', 120_000);
  await expectInvariants(ids);
  return ids;
}
