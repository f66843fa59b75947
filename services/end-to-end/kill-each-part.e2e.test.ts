// kill -9 of every part, one at a time, under a small load. Nobody intervenes; afterwards every order the shop accepted is
// PAID exactly once, every committed event is on its topic, and every event took effect once.
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { expectInvariants } from './invariants.ts';
import {
  eventually,
  killHard,
  newProduct,
  orderWith,
  placeRaw,
  product,
  tokenOf,
  type ProductView,
} from './shop.ts';

const orders = 24;
const everyMs = 150;

/** Places one order as a stubborn client would: with one key, again and again until it is answered. */
const placeStubbornly = (productId: string): Promise<string> => {
  const headers = { 'idempotency-key': randomUUID() };
  return eventually(
    'the order is accepted',
    async () => {
      const { status, body } = await placeRaw({ items: [{ productId, quantity: 1 }], headers });
      if (status !== 201) throw new Error(`answered ${status}`);
      return String(Object(body).id);
    },
    60_000,
  );
};

describe('kill -9 under load', () => {
  let thing: ProductView;
  beforeAll(async () => {
    thing = await newProduct(10_000);
    // Tokens outlive the issuer, which is not what these tests are about.
    await Promise.all([tokenOf('user'), tokenOf('admin')]);
  });

  it.each([
    'connect',
    'order',
    'inventory',
    'payment',
    'gateway',
    'registry',
    'kafka',
    'order-db',
    'inventory-db',
    'payment-db',
  ])(
    '%s: nothing is lost and nothing happens twice',
    async (part) => {
      const before = await product(thing.id);
      const placed: Promise<string>[] = [];
      for (let index = 0; index < orders; index += 1) {
        placed.push(placeStubbornly(thing.id));
        // A steady trickle: some orders are under way in every part when it dies.
        await delay(everyMs);
        if (index === orders / 3) placed.push(killHard(part).then(() => placeStubbornly(thing.id)));
      }
      const ids = await Promise.all(placed);
      expect(new Set(ids).size).toBe(orders + 1);
      for (const id of ids) await orderWith(id, 'PAID', 90_000);
      const after = await product(thing.id);
      expect(after.reserved - before.reserved).toBe(orders + 1);
      await expectInvariants(ids);
    },
    240_000,
  );
});
