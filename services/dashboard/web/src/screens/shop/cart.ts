// The cart of one user. It is kept in local storage, so it survives a reload and is shared between tabs.
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
  /** The idempotency key of the next order. The key changes only when the content changes or the order is placed, so a double
   *  click, a reload or a lost response cannot place a second order. */
  readonly key: string;
}

/** The largest quantity of one product in an order. */
export const maxUnits = 10_000;

export const emptyCart = (): Cart => ({
  units: {},
  mode: 'AUTO',
  token: testCards[0].token,
  key: crypto.randomUUID(),
});

/** The cart after a change, with a new key, because the changed cart is a different order. */
const withChange = (cart: Cart, change: Partial<Omit<Cart, 'key'>>): Cart => ({
  ...cart,
  ...change,
  key: crypto.randomUUID(),
});

/** Adds the units to those already in the cart. */
export const withAdded = (
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
  const units = Math.min(maxUnits, Math.max(0, Math.trunc(count)));
  return withChange(cart, { units: units === 0 ? others : { ...cart.units, [productId]: units } });
};

export const withPayment = (cart: Cart, payment: Partial<Pick<Cart, 'mode' | 'token'>>): Cart =>
  withChange(cart, payment);

export const countUnits = ({ units }: Cart): number =>
  Object.values(units).reduce((sum, count) => sum + count, 0);

export interface CartLine {
  readonly product: Product;
  readonly quantity: number;
  readonly price: Money;
}

/** The lines of the cart in the sequence in which they were added. Lines of products that do not exist are left out. */
export const linesOf = ({ units }: Cart, products: readonly Product[]): CartLine[] =>
  Object.entries(units).flatMap(([id, quantity]) => {
    const product = products.find((candidate) => candidate.id === id);
    if (product === undefined) return [];
    const { amountMinor, currency } = product.price;
    return [{ product, quantity, price: { amountMinor: amountMinor * quantity, currency } }];
  });

/** One total per currency. An order can have only one currency, so several totals mean several orders. */
export const totalsOf = (lines: readonly CartLine[]): Money[] => {
  const sums = new Map<string, number>();
  for (const { price } of lines)
    sums.set(price.currency, (sums.get(price.currency) ?? 0) + price.amountMinor);
  return [...sums].map(([currency, amountMinor]) => ({ amountMinor, currency }));
};

export const useCart = (userId: string) => {
  const [cart, setCart, clearCart] = useLocalStorage<Cart>({
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
    (items: Parameters<typeof withAdded>[1]) => setCart((current) => withAdded(current, items)),
    [setCart],
  );
  return { cart, setUnits, addUnits, setPayment, clearCart };
};
