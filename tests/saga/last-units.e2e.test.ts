// 100 orders for the last 10 units, 20 requests at a time, through all services.
import { describe, expect, it } from 'vitest';
import { expectInvariants } from '../support/invariants.ts';
import { eventually, inParallel, newProduct, order, orderOne, product } from '../support/shop.ts';

describe('the last 10 units', () => {
  it(
    'are sold once: of 100 orders ten are PAID, and the others are CANCELLED without a charge',
    { timeout: 240_000 },
    async () => {
      const testProduct = await newProduct(10);
      const ids = await inParallel(100, 20, async (index) => {
        const as = index % 2 === 0 ? 'user' : 'user2';
        return (await orderOne(testProduct.id, { as })).id;
      });
      const settled = await eventually(
        'every order is PAID or CANCELLED',
        async () => {
          const views = await inParallel(ids.length, 10, (index) => order(ids[index] ?? ''));
          return views.every(({ status }) => status === 'PAID' || status === 'CANCELLED') && views;
        },
        120_000,
      );
      expect(settled.filter(({ status }) => status === 'PAID')).toHaveLength(10);
      const reasons = settled
        .filter(({ status }) => status === 'CANCELLED')
        .map((view) => view.cancellationReason);
      expect(new Set(reasons)).toEqual(new Set(['reservation_failed']));
      expect(await product(testProduct.id)).toMatchObject({ available: 10, reserved: 10, free: 0 });
      await expectInvariants(ids);
    },
  );
});
