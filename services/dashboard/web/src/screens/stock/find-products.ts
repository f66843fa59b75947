// The search in a seller's own products, which the page holds all of. Pure.
import type { Product } from '../../api/types.ts';

/** Those with every word in name or SKU. */
export const findProducts = (products: readonly Product[], words: string): Product[] => {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  return products.filter(({ name, sku }) => {
    const text = `${name} ${sku}`.toLowerCase();
    return wanted.every((word) => text.includes(word));
  });
};
