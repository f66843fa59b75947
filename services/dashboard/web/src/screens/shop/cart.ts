// The cart of one user, kept in the browser: it survives a reload and is the same in all tabs. Pure functions and one hook.
import { useLocalStorage } from '@mantine/hooks';
import { useCallback } from 'react';
import type { Money, Product } from '../../api/types.ts';
import { testCards } from './test-cards.ts';

export interface Cart {
  /** Units by product id. */
  readonly units: Readonly<Record<string, number>>;
  /** Charged at once, or paid by hand on the page of the order. */
  readonly mode: 'AUTO' | 'MANUAL';
  /** The card, as the payment provider knows it. */
  readonly token: string;
  /** The idempotency key of the next order. A cart keeps it until its content changes or the order is there, so a double click,
   *  a reload or a lost answer gives one order. */
  readonly key: string;
}

/** The most units of one product that an order may have. */
export const mostUnits = 10_000;

export const emptyCart = (): Cart => ({
  units: {},
  mode: 'AUTO',
  token: testCards[0].token,
  key: crypto.randomUUID(),
});

/** Another content is another order, so it gets another key. */
const changed = (cart: Cart, change: Partial<Omit<Cart, 'key'>>): Cart => ({
  ...cart,
  ...change,
  key: crypto.randomUUID(),
});

/** The cart with these units beside what it holds. */
export const withMore = (
  cart: Cart,
  items: readonly { readonly productId: string; readonly quantity: number }[],
): Cart =>
  items.reduce(
    (filled, { productId, quantity }) =>
      withUnits(filled, productId, (filled.units[productId] ?? 0) + quantity),
    cart,
  );

/** The cart with `count` units of a product. */
export const withUnits = (cart: Cart, productId: string, count: number): Cart => {
  const { [productId]: _, ...others } = cart.units;
  const units = Math.min(mostUnits, Math.max(0, Math.trunc(count)));
  return changed(cart, { units: units === 0 ? others : { ...cart.units, [productId]: units } });
};

export const withPayment = (cart: Cart, payment: Partial<Pick<Cart, 'mode' | 'token'>>): Cart =>
  changed(cart, payment);

export const countUnits = ({ units }: Cart): number =>
  Object.values(units).reduce((sum, count) => sum + count, 0);

export interface CartLine {
  readonly product: Product;
  readonly quantity: number;
  readonly price: Money;
}

/** The lines of products that exist, in the order in which they were added. */
export const linesOf = ({ units }: Cart, products: readonly Product[]): CartLine[] =>
  Object.entries(units).flatMap(([id, quantity]) => {
    const product = products.find((candidate) => candidate.id === id);
    if (product === undefined) return [];
    const { amountMinor, currency } = product.price;
    return [{ product, quantity, price: { amountMinor: amountMinor * quantity, currency } }];
  });

/** One total for each currency: an order has one currency. */
export const totalsOf = (lines: readonly CartLine[]): Money[] => {
  const sums = new Map<string, number>();
  for (const { price } of lines)
    sums.set(price.currency, (sums.get(price.currency) ?? 0) + price.amountMinor);
  return [...sums].map(([currency, amountMinor]) => ({ amountMinor, currency }));
};

export const useCart = (userId: string) => {
  const [cart, setCart, forget] = useLocalStorage<Cart>({
    key: `orderflow-cart-${userId}`,
    defaultValue: emptyCart(),
    getInitialValueInEffect: false,
  });
  const setUnits = useCallback(
    (productId: string, count: number) => setCart((current) => withUnits(current, productId, count)),
    [setCart],
  );
  const setPayment = useCallback(
    (payment: Partial<Pick<Cart, 'mode' | 'token'>>) => setCart((current) => withPayment(current, payment)),
    [setCart],
  );
  const addUnits = useCallback(
    (items: Parameters<typeof withMore>[1]) => setCart((current) => withMore(current, items)),
    [setCart],
  );
  return { cart, setUnits, addUnits, setPayment, forget };
};
