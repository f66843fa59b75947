// The cart of one user, in local storage: it survives a reload and is shared between tabs. Pure functions and one hook.
import { useLocalStorage } from '@mantine/hooks';
import { useCallback } from 'react';
import type { Money, Product } from '../../api/types.ts';
import { testCards } from './test-cards.ts';

export interface Cart {
  /** Units by product id. */
  readonly units: Readonly<Record<string, number>>;
  /** AUTO: the card is charged once the stock is reserved. MANUAL: the customer pays on the order page. */
  readonly mode: 'AUTO' | 'MANUAL';
  /** The card token of the payment provider. */
  readonly token: string;
  /** The idempotency key of the next order. It stays until the content changes or the order is placed, so a double click, a
   *  reload or a lost response cannot place a second order. */
  readonly key: string;
}

/** The largest quantity of one product in an order. */
export const mostUnits = 10_000;

export const emptyCart = (): Cart => ({
  units: {},
  mode: 'AUTO',
  token: testCards[0].token,
  key: crypto.randomUUID(),
});

/** A changed cart is another order, so it gets a new key. */
const changed = (cart: Cart, change: Partial<Omit<Cart, 'key'>>): Cart => ({
  ...cart,
  ...change,
  key: crypto.randomUUID(),
});

/** Adds units to those that the cart already holds. */
export const withMore = (
  cart: Cart,
  items: readonly { readonly productId: string; readonly quantity: number }[],
): Cart =>
  items.reduce(
    (filled, { productId, quantity }) =>
      withUnits(filled, productId, (filled.units[productId] ?? 0) + quantity),
    cart,
  );

/** Sets the quantity of a product; 0 removes it. */
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

/** The lines whose products exist, in the order in which they were added. */
export const linesOf = ({ units }: Cart, products: readonly Product[]): CartLine[] =>
  Object.entries(units).flatMap(([id, quantity]) => {
    const product = products.find((candidate) => candidate.id === id);
    if (product === undefined) return [];
    const { amountMinor, currency } = product.price;
    return [{ product, quantity, price: { amountMinor: amountMinor * quantity, currency } }];
  });

/** One total per currency. An order can have only one. */
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
