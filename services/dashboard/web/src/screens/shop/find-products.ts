// Search, filter and sort of the catalogue. Pure.
import type { Product } from '../../api/types.ts';

export interface ProductSearch {
  readonly q?: string;
  readonly seller?: string;
  readonly sort?: 'name' | 'price' | '-price';
}

export const findProducts = (
  products: readonly Product[],
  { q = '', seller, sort = 'name' }: ProductSearch,
): Product[] => {
  const words = q.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = ({ name, sku, sellerId }: Product): boolean => {
    const text = `${name} ${sku}`.toLowerCase();
    return (seller === undefined || sellerId === seller) && words.every((word) => text.includes(word));
  };
  const byName = (a: Product, b: Product): number => a.name.localeCompare(b.name);
  const byPrice = (a: Product, b: Product): number =>
    a.price.amountMinor - b.price.amountMinor || byName(a, b);
  return products
    .filter(fits)
    .sort(sort === 'name' ? byName : sort === 'price' ? byPrice : (a, b) => byPrice(b, a));
};

export const sellersOf = (products: readonly Product[]): string[] =>
  [...new Set(products.map(({ sellerId }) => sellerId))].sort();
