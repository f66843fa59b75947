import { describe, expect, it } from 'vitest';
import { statusOf } from './order.ts';
import { maxTotalMinor, placeOrder, type CatalogueItem, type PlaceOrder } from './place-order.ts';

const at = new Date('2026-01-01T10:00:00Z');
const entry = (productId: string, amountMinor: number, currency = 'EUR'): [string, CatalogueItem] => [
  productId,
  {
    productId,
    sellerId: `seller-of-${productId}`,
    name: `Name of ${productId}`,
    price: { amountMinor, currency },
    version: 1,
  },
];
const catalogue = new Map([entry('mug', 1_290), entry('lamp', 5_990), entry('ticket', 100, 'USD')]);
const command = (items: PlaceOrder['items'], mode: 'AUTO' | 'MANUAL' = 'AUTO'): PlaceOrder => ({
  type: 'place_order',
  orderId: 'order-1',
  customerId: 'customer-1',
  items,
  payment: { mode, method: 'card', token: null },
  at,
});

describe('placing an order', () => {
  it('is refused when the total of the order differs from the total that the customer has seen', () => {
    const order = command([{ productId: 'mug', quantity: 2 }]);
    const decided = (expectedTotal: PlaceOrder['expectedTotal']) =>
      placeOrder({ ...order, expectedTotal }, catalogue);
    expect(decided({ amountMinor: 2_580, currency: 'EUR' }).kind).toBe('accepted');
    for (const other of [
      { amountMinor: 2_579, currency: 'EUR' },
      { amountMinor: 2_580, currency: 'USD' },
    ])
      expect(decided(other)).toMatchObject({ kind: 'rejected', code: 'price_changed' });
  });

  it('takes prices, names and sellers from the catalogue and emits order.created', () => {
    const decision = placeOrder(
      command([
        { productId: 'mug', quantity: 2 },
        { productId: 'lamp', quantity: 1 },
        { productId: 'mug', quantity: 1 },
      ]),
      catalogue,
    );
    expect(decision).toMatchObject({
      kind: 'accepted',
      state: {
        items: [
          { productId: 'mug', name: 'Name of mug', unitPrice: { amountMinor: 1_290, currency: 'EUR' } },
          { productId: 'lamp', name: 'Name of lamp', unitPrice: { amountMinor: 5_990, currency: 'EUR' } },
          { productId: 'mug', name: 'Name of mug', unitPrice: { amountMinor: 1_290, currency: 'EUR' } },
        ],
        total: { amountMinor: 3 * 1_290 + 5_990, currency: 'EUR' },
        reservation: { state: 'pending', expiresAt: null },
        payment: { state: 'pending' },
        cancellation: null,
        version: 1,
      },
      events: [
        {
          type: 'order.created',
          data: {
            items: [
              { productId: 'mug', sellerId: 'seller-of-mug', quantity: 2 },
              { productId: 'lamp', sellerId: 'seller-of-lamp', quantity: 1 },
              { productId: 'mug', sellerId: 'seller-of-mug', quantity: 1 },
            ],
            total: { amountMinor: 9_860, currency: 'EUR' },
          },
        },
      ],
    });
    if (decision.kind === 'accepted') expect(statusOf(decision.state)).toBe('PENDING');
  });

  it('leaves the payment to the customer when the mode is MANUAL', () => {
    expect(placeOrder(command([{ productId: 'mug', quantity: 1 }], 'MANUAL'), catalogue)).toMatchObject({
      state: { payment: { state: 'none' } },
    });
  });

  it('rejects a product that is not in the catalogue, and names the product once', () => {
    const items = [
      { productId: 'ghost', quantity: 1 },
      { productId: 'ghost', quantity: 1 },
      { productId: 'mug', quantity: 1 },
    ];
    expect(placeOrder(command(items), catalogue)).toEqual({
      kind: 'rejected',
      code: 'unknown_product',
      detail: 'No such product: ghost.',
    });
  });

  it('rejects prices in two currencies', () => {
    const items = [
      { productId: 'mug', quantity: 1 },
      { productId: 'ticket', quantity: 1 },
    ];
    expect(placeOrder(command(items), catalogue)).toMatchObject({ code: 'mixed_currencies' });
  });

  it.each([
    ['twice the maximum', [['yacht', maxTotalMinor, 2]]],
    [
      'one minor unit more than the maximum',
      [
        ['yacht', maxTotalMinor, 1],
        ['oar', 1, 1],
      ],
    ],
    [
      'many lines at the largest price and quantity',
      Array.from({ length: 100 }, (_, line) => [`part-${line}`, 1e11, 10_000]),
    ],
  ] as [string, [string, number, number][]][])(
    'rejects a total that the provider would not charge: %s',
    (_, lines) => {
      const catalogue = new Map(lines.map(([id, price]) => entry(id, price)));
      const items = lines.map(([productId, , quantity]) => ({ productId, quantity }));
      expect(placeOrder(command(items), catalogue)).toMatchObject({
        code: 'total_too_large',
        detail: 'The total may be at most 1000000000000 minor units.',
      });
    },
  );

  it('accepts the largest total', () => {
    const catalogue = new Map([entry('yacht', maxTotalMinor - 1), entry('oar', 1)]);
    const items = ['yacht', 'oar'].map((productId) => ({ productId, quantity: 1 }));
    expect(placeOrder(command(items), catalogue)).toMatchObject({
      kind: 'accepted',
      state: { total: { amountMinor: maxTotalMinor } },
    });
  });

  it('rejects an order that costs nothing, because a provider does not charge zero', () => {
    const free = new Map([entry('sample', 0)]);
    expect(placeOrder(command([{ productId: 'sample', quantity: 3 }]), free)).toMatchObject({
      code: 'nothing_to_pay',
    });
  });
});
