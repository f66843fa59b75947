import { describe, expect, it } from 'vitest';
import { decideProduct, maxUnits, type Product, type ProductInput, type ProductView } from './product.ts';

const at = new Date('2026-01-01T10:00:00Z');
const price = { amountMinor: 1_290, currency: 'EUR' };
const mug: Product = {
  productId: 'mug',
  sellerId: 'seller-1',
  name: 'Mug',
  sku: 'M-1',
  price,
  available: 10,
  reserved: 3,
  version: 4,
  createdAt: at,
};
const exists: ProductView = { product: mug, skuTaken: false };
const none: ProductView = { product: null, skuTaken: false };
const by = (sellerId: string) => ({ productId: 'mug', sellerId, at });
const create: ProductInput = {
  type: 'create',
  ...by('seller-1'),
  name: 'Mug',
  sku: 'M-1',
  price,
  quantity: 10,
};

describe('a product', () => {
  it('is created with its stock and published at version 1', () => {
    expect(decideProduct(create, none)).toMatchObject({
      state: { product: { available: 10, reserved: 0, version: 1 } },
      events: [{ type: 'inventory.product_changed', data: { productId: 'mug', version: 1, price } }],
    });
  });
  it('is not created twice', () => {
    expect(decideProduct(create, exists)).toEqual({ kind: 'ignored', reason: 'already_exists' });
  });
  it('needs a SKU that its seller does not use yet', () => {
    expect(decideProduct(create, { ...none, skuTaken: true })).toMatchObject({ code: 'sku_taken' });
    const rename: ProductInput = { type: 'change', ...by('seller-1'), sku: 'M-2' };
    expect(decideProduct(rename, { ...exists, skuTaken: true })).toMatchObject({ code: 'sku_taken' });
  });

  it('is changed only by its own seller; for other sellers the product does not exist', () => {
    for (const input of [
      { type: 'change', ...by('seller-2'), name: 'Cup' },
      { type: 'restock', ...by('seller-2'), quantity: 1 },
    ] as const) {
      expect(decideProduct(input, exists)).toMatchObject({ kind: 'rejected', code: 'not_found' });
      expect(decideProduct(input, none)).toMatchObject({ kind: 'rejected', code: 'not_found' });
    }
  });
  it('is published with the next version after a change', () => {
    const change: ProductInput = { type: 'change', ...by('seller-1'), name: 'Cup', expectedVersions: [4] };
    expect(decideProduct(change, exists)).toMatchObject({
      state: { product: { name: 'Cup', version: 5, available: 10, reserved: 3 } },
      events: [{ data: { name: 'Cup', version: 5 } }],
    });
  });
  it('rejects a change of a stale version', () => {
    const change: ProductInput = { type: 'change', ...by('seller-1'), name: 'Cup', expectedVersions: [3] };
    expect(decideProduct(change, exists)).toMatchObject({ kind: 'rejected', code: 'stale_version' });
  });
  it('ignores a change that changes nothing', () => {
    const change: ProductInput = { type: 'change', ...by('seller-1'), name: 'Mug', price: { ...price } };
    expect(decideProduct(change, exists)).toMatchObject({ kind: 'ignored' });
  });

  it('is restocked without an event, because units are not part of the catalogue', () => {
    expect(decideProduct({ type: 'restock', ...by('seller-1'), quantity: 5 }, exists)).toMatchObject({
      state: { product: { available: 15, reserved: 3, version: 4 } },
      events: [],
    });
  });
  it('cannot have more units than the maximum', () => {
    const restock: ProductInput = { type: 'restock', ...by('seller-1'), quantity: maxUnits };
    expect(decideProduct(restock, exists)).toMatchObject({ code: 'too_many_units' });
  });
});
