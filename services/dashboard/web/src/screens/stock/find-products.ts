// Searches a seller's products in the browser, which has all of them loaded. Pure.
import type { Product } from '../../api/types.ts';

/** The products whose name or SKU contains every word. */
export const findProducts = (products: readonly Product[], words: string): Product[] => {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  return products.filter(({ name, sku }) => {
    const text = `${name} ${sku}`.toLowerCase();
    return wanted.every((word) => text.includes(word));
  });
};
