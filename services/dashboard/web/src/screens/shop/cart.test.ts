import { describe, expect, it } from 'vitest';
import type { Product } from '../../api/types.ts';
import {
  countUnits,
  emptyCart,
  linesOf,
  orderToResend,
  totalsOf,
  withAdded,
  withPayment,
  withPlaced,
  withRefusal,
  withSent,
  withUnits,
} from './cart.ts';

const product = (id: string, amountMinor: number, currency = 'EUR', sellerId = 'one'): Product => ({
  id,
  name: `Thing ${id}`,
  sku: id.toUpperCase(),
  sellerId,
  price: { amountMinor, currency },
  available: 5,
  reserved: 0,
  free: 5,
  version: 1,
});
const products = [product('b', 250), product('a', 100, 'EUR', 'two'), product('c', 70, 'JPY')];

describe('a cart', () => {
  it('gets a new idempotency key with every change', () => {
    const first = withUnits(emptyCart(), 'a', 1);
    const keys = [
      first,
      withUnits(first, 'a', 2),
      withUnits(first, 'b', 1),
      withPayment(first, { token: 'tok_declined' }),
    ];
    expect(new Set(keys.map(({ key }) => key)).size).toBe(keys.length);
  });

  it('sends an order again until the order has an answer or is 10 minutes old, even after changes of the cart', () => {
    const body = { items: [], payment: { mode: 'AUTO', method: 'card', token: 'tok' } } as const;
    const cart = withUnits(emptyCart(), 'a', 1);
    const order = { key: cart.key, body, at: 1_000 };
    const sent = withSent(cart, order);
    expect(orderToResend(cart, 2_000)).toBeUndefined();
    expect(orderToResend(sent, 2_000)).toEqual(order);
    expect(orderToResend(withUnits(sent, 'b', 1), 2_000)).toEqual(order);
    expect(orderToResend(sent, 1_000 + 600_000)).toBeUndefined();
    expect(orderToResend(withRefusal(sent), 2_000)).toBeUndefined();
  });

  it('keeps the units that were added after an order was sent, once that order is placed', () => {
    const items = [{ productId: 'a', quantity: 2 }];
    const cart = withUnits(withUnits(emptyCart(), 'a', 3), 'b', 1);
    const placed = withPlaced(cart, { items, payment: { mode: 'MANUAL', method: 'card' } });
    expect(placed.units).toEqual({ a: 1, b: 1 });
    expect(orderToResend(placed, 2_000)).toBeUndefined();
  });

  it.each([
    [-1, 0],
    [0, 0],
    [2.9, 2],
    [1_000_000, 10_000],
  ])('changes a quantity of %s to %s', (entered, quantity) => {
    expect(countUnits(withUnits(emptyCart(), 'a', entered))).toBe(quantity);
  });

  it('adds the items of an order to the items in the cart', () => {
    const items = [
      { productId: 'a', quantity: 2 },
      { productId: 'b', quantity: 1 },
    ];
    expect(withAdded(withUnits(emptyCart(), 'a', 1), items).units).toEqual({ a: 3, b: 1 });
  });

  it('has a total per currency and leaves out deleted products', () => {
    const cart = [
      ['b', 2],
      ['a', 1],
      ['c', 3],
      ['gone', 9],
    ].reduce((filled, [id, units]) => withUnits(filled, String(id), Number(units)), emptyCart());
    expect(totalsOf(linesOf(cart, products))).toEqual([
      { amountMinor: 600, currency: 'EUR' },
      { amountMinor: 210, currency: 'JPY' },
    ]);
  });
});
