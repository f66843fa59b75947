// The lines of an order. Pure.
import type { OrderItem } from '../api/types.ts';

/** One line per product: a product that was ordered twice is shown once, with the sum of its quantities. */
export const linesByProduct = (items: readonly OrderItem[]): OrderItem[] => {
  const lines = new Map<string, OrderItem>();
  for (const item of items) {
    const { quantity = 0 } = lines.get(item.productId) ?? {};
    lines.set(item.productId, { ...item, quantity: quantity + item.quantity });
  }
  return [...lines.values()];
};
