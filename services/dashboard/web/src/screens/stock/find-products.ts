// Searches the products of a seller in the browser, where all of them are loaded. Pure.
import type { Product } from '../../api/types.ts';

/** The products whose name or SKU contains every word. */
export const findProducts = (products: readonly Product[], search: string): Product[] => {
  const searchWords = search.toLowerCase().split(/\s+/).filter(Boolean);
  return products.filter(({ name, sku }) => {
    const text = `${name} ${sku}`.toLowerCase();
    return searchWords.every((word) => text.includes(word));
  });
};
