import { expect, it } from 'vitest';
import { catalogueHandler } from './store.ts';

const changed = (version: number) => ({
  type: 'inventory.product_changed' as const,
  data: {
    productId: 'mug',
    sellerId: 'seller-1',
    name: 'Mug',
    sku: 'MUG-1',
    price: { amountMinor: 100, currency: 'EUR' },
    version,
  },
});

it.each([
  ['newer', 4, { kind: 'accepted', state: 4 }],
  ['repeated', 3, { kind: 'ignored', reason: 'newer_version_known' }],
  ['older', 2, { kind: 'ignored', reason: 'newer_version_known' }],
])('the copy of the catalogue accepts only newer versions: a %s version', (_, version, expected) => {
  expect(catalogueHandler.decide(changed(version), 3)).toMatchObject(expected);
});
