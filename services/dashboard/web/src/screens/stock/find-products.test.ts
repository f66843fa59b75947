import { describe, expect, it } from 'vitest';
import type { Product } from '../../api/types.ts';
import { findProducts } from './find-products.ts';

const product = (id: string): Product => ({
  id,
  name: `Thing ${id}`,
  sku: `SKU-${id}`,
  sellerId: 'one',
  price: { amountMinor: 100, currency: 'EUR' },
  available: 5,
  reserved: 0,
  free: 5,
  version: 1,
});
const products = [product('a'), product('b')];

describe('the search for products', () => {
  it.each([
    ['', ['a', 'b']],
    ['THING b', ['b']],
    ['sku-a', ['a']],
    ['thing nothing', []],
  ])('with the text %j finds %j', (search, ids) => {
    expect(findProducts(products, search).map(({ id }) => id)).toEqual(ids);
  });
});
