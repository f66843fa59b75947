// The cart of one user. It is kept in local storage, so it survives a reload and is shared between tabs.
import { useLocalStorage } from '@mantine/hooks';
import { useCallback } from 'react';
import type { Money, Product } from '../../api/types.ts';
import { testCards } from './test-cards.ts';

/** The body of `POST /orders`. */
export interface OrderBody {
  readonly items: readonly { readonly productId: string; readonly quantity: number }[];
  readonly payment: { readonly mode: 'AUTO' | 'MANUAL'; readonly method: 'card'; readonly token?: string };
  /** The total that the button shows. The order service refuses the order if its total differs. */
  readonly expectedTotal?: Money | undefined;
}

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
  /** An order that was sent and has no answer, for example because the page was reloaded meanwhile. */
  readonly sent?: SentOrder;
}

export interface SentOrder {
  readonly key: string;
  readonly body: OrderBody;
  /** When the order was first sent, in milliseconds since the epoch. */
  readonly at: number;
}

/** An order without an answer is sent again only within this time. */
const resendWithinMs = 600_000;

/**
 * The order without an answer, which must be sent again before any other order. Its idempotency key ensures that it is placed only
 * once. Undefined if every order has its answer, or if the order is older than 10 minutes.
 */
export const orderToResend = ({ sent }: Cart, now: number): SentOrder | undefined =>
  sent !== undefined && now - sent.at < resendWithinMs ? sent : undefined;

/** The largest quantity of one product in an order. */
export const maxUnits = 10_000;

export const emptyCart = (): Cart => ({
  units: {},
  mode: 'AUTO',
  token: testCards[0].token,
  key: crypto.randomUUID(),
});

/** The cart after a change, with a new key, because the changed cart is a different order. */
const withChange = (cart: Cart, change: Partial<Omit<Cart, 'key' | 'sent'>>): Cart => ({
  ...cart,
  ...change,
  key: crypto.randomUUID(),
});

export const withSent = (cart: Cart, sent: SentOrder): Cart => ({ ...cart, sent });
export const withRefusal = ({ sent: _, ...cart }: Cart): Cart => cart;

/** The cart after an order was placed. It keeps only the units that were added after the order was sent. */
export const withPlaced = ({ units }: Cart, { items }: OrderBody): Cart =>
  items.reduce(
    (left, { productId, quantity }) => withUnits(left, productId, (left.units[productId] ?? 0) - quantity),
    { ...emptyCart(), units },
  );

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
  const [cart, setCart] = useLocalStorage<Cart>({
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
  const setSent = useCallback((sent: SentOrder) => setCart((current) => withSent(current, sent)), [setCart]);
  const setRefused = useCallback(() => setCart(withRefusal), [setCart]);
  const setPlaced = useCallback(
    (body: OrderBody) => setCart((current) => withPlaced(current, body)),
    [setCart],
  );
  return { cart, setUnits, addUnits, setPayment, setSent, setRefused, setPlaced };
};
