// Concurrent requests that create products with the same SKU. A SKU is unique per seller.
import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { call } from '../support/shop.ts';

describe('concurrent requests', () => {
  const create = (as: 'seller' | 'seller2', sku: string) =>
    call('inventory', '/api/v1/products', {
      as,
      body: { name: 'A thing', sku, price: { amountMinor: 100, currency: 'EUR' }, quantity: 1 },
    });

  it('for ten products of a seller with the same SKU create one product; the other requests get sku_taken', async () => {
    const sku = `race-${randomUUID()}`;
    const answers = await Promise.all(Array.from({ length: 10 }, () => create('seller', sku)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    const refused = answers.filter(({ status }) => status !== 201);
    for (const { status, body } of refused) {
      expect(status).toBe(409);
      expect(body).toMatchObject({ code: 'sku_taken' });
    }
  });

  it('of two sellers for products with the same SKU create both products', async () => {
    const sku = `shared-${randomUUID()}`;
    const answers = await Promise.all([create('seller', sku), create('seller2', sku)]);
    expect(answers.map(({ status }) => status)).toEqual([201, 201]);
  });
});
