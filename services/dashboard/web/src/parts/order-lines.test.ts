import { expect, it } from 'vitest';
import { linesByProduct } from './order-lines.ts';

it('shows a product that was ordered twice as one line', () => {
  const item = (productId: string, quantity: number) => ({
    productId,
    quantity,
    sellerId: 'one',
    name: productId,
    unitPrice: { amountMinor: 1, currency: 'EUR' },
    fulfilment: 'open' as const,
  });
  const lines = linesByProduct([item('mug', 2), item('pen', 1), item('mug', 3)]);
  expect(lines.map(({ productId, quantity }) => [productId, quantity])).toEqual([
    ['mug', 5],
    ['pen', 1],
  ]);
});
