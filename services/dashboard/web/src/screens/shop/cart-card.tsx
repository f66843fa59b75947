// The cart and the checkout. The idempotency key of the cart ensures that repeated requests place only one order.
import { Button, NumberInput, SegmentedControl } from '@mantine/core';
import { useMutation, useQueries, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Trash2 } from 'lucide-react';
import { useEffect, useEffectEvent, useState } from 'react';
import { isUnanswered, Problem, request } from '../../api/request.ts';
import { orderQuery, productQuery } from '../../api/queries.ts';
import type { Order, Product } from '../../api/types.ts';
import { useUser } from '../../api/session.ts';
import { Card } from '../../parts/card.tsx';
import { formatMoney, formatNumber, sellerName } from '../../parts/format.ts';
import { Empty, ErrorMessage, Loading } from '../../parts/states.tsx';
import { useNow } from '../../parts/when.tsx';
import classes from './cart-card.module.css';
import {
  linesOf,
  maxUnits,
  orderToResend,
  totalsOf,
  useCart,
  type Cart,
  type CartLine,
  type OrderBody,
  type SentOrder,
} from './cart.ts';
import { testCards } from './test-cards.ts';

interface LineProps {
  readonly line: CartLine;
  readonly onCount: (count: number) => void;
}
const Line = ({ line: { product, quantity, price }, onCount }: LineProps) => {
  // While the user types, the field shows the typed text. The cart holds the valid quantity that is nearest to the typed number, so
  // the button always shows the total of the order that it sends.
  const [typed, setTyped] = useState<number | string>();
  const maxQuantity = Math.min(maxUnits, Math.max(1, product.free));
  return (
    <li>
      <span>
        <b>{product.name}</b>
        <small>{sellerName(product.sellerId)}</small>
      </span>
      <NumberInput
        aria-label={`Quantity of ${product.name}`}
        size="xs"
        w={84}
        min={1}
        max={maxQuantity}
        clampBehavior="none"
        value={typed ?? quantity}
        onChange={(value) => {
          setTyped(value);
          if (typeof value === 'number') onCount(Math.min(maxQuantity, Math.max(1, Math.trunc(value))));
        }}
        onBlur={() => {
          setTyped(undefined);
        }}
      />
      <b className={classes['amount']}>{formatMoney(price)}</b>
      <button aria-label={`Remove ${product.name}`} onClick={() => onCount(0)}>
        <Trash2 size={15} aria-hidden="true" />
      </button>
      <StockNote free={product.free} quantity={quantity} />
    </li>
  );
};

const StockNote = ({ free, quantity }: { readonly free: number; readonly quantity: number }) => {
  if (free <= 0) return <em data-tone="bad">Sold out. Remove this item to order the others.</em>;
  if (free < quantity) return <em data-tone="bad">Only {formatNumber(free)} left. Reduce the quantity.</em>;
  return free === quantity ? <em>The last {formatNumber(free)} in stock.</em> : null;
};

interface CartProducts {
  readonly products: readonly Product[];
  /** Whether a product is still loading. */
  readonly isPending: boolean;
  /** The error of a product that failed to load; undefined if there is none. */
  readonly error: Error | undefined;
}
const isNotFound = (error: Error | null): boolean => error instanceof Problem && error.status === 404;

/** Loads the products in the cart. Leaves out products that no longer exist. */
const useCartProducts = (cart: Cart): CartProducts =>
  useQueries({
    queries: Object.keys(cart.units).map(productQuery),
    combine: (answers) => ({
      products: answers.flatMap(({ data }) => (data === undefined ? [] : [data])),
      isPending: answers.some(({ isPending }) => isPending),
      error:
        answers.find(({ data, error }) => data === undefined && error !== null && !isNotFound(error))
          ?.error ?? undefined,
    }),
  });

interface ResendButtonProps {
  readonly order: SentOrder;
  readonly isPending: boolean;
  readonly onResend: (order: SentOrder) => void;
}
/** The cart can have changed since the order was sent, so the button shows what it sends again. */
const ResendButton = ({ order, isPending, onResend }: ResendButtonProps) => {
  const { payment, expectedTotal } = order.body;
  const price = expectedTotal === undefined ? '' : ` for ${formatMoney(expectedTotal)}`;
  return (
    <>
      {!isPending && (
        <em>
          Your order{price} ({payment.mode === 'AUTO' ? 'pay now' : 'pay later'}) has no answer yet. Send it
          again before you order anything else; it is placed only once.
        </em>
      )}
      <Button size="md" fullWidth loading={isPending} onClick={() => onResend(order)}>
        {isPending ? `Sending the order${price}` : `Send the order${price} again`}
      </Button>
    </>
  );
};

const placeOrderKey = ['place-order'];

export const CartCard = () => {
  const { cart, setUnits, setPayment, setSent, setRefused, setPlaced } = useCart(useUser().id);
  const client = useQueryClient();
  const navigate = useNavigate();
  const { mode, token } = cart;
  const now = useNow(15_000);
  const { products, isPending, error } = useCartProducts(cart);
  const lines = linesOf(cart, products);
  const totals = totalsOf(lines);
  const placeOrder = useMutation<Order, Problem, SentOrder>({
    mutationKey: placeOrderKey,
    mutationFn: ({ key, body }) =>
      request<Order>('/api/order/orders', {
        method: 'POST',
        headers: { 'Idempotency-Key': key },
        body,
      }),
    onError: (problem) => {
      if (!isUnanswered(problem)) setRefused();
      if (problem.code === 'price_changed') void client.invalidateQueries({ queryKey: ['products'] });
    },
    onSuccess: (placed, { body }) => {
      setPlaced(body);
      client.setQueryData(orderQuery(placed.id).queryKey, placed);
      void navigate({ to: '/orders/$orderId', params: { orderId: placed.id } });
    },
  });
  const send = (order: SentOrder): void => {
    // The second click of a double click arrives before the button is disabled.
    if (client.isMutating({ mutationKey: placeOrderKey }) > 0) return;
    setSent(order);
    placeOrder.mutate(order);
  };
  const resend = useEffectEvent(() => {
    const order = orderToResend(cart, Date.now());
    if (order !== undefined) send(order);
  });
  useEffect(() => resend(), []);
  if (lines.length === 0)
    return (
      <Card title="Cart">
        <div id="cart">
          {isPending ? (
            <Loading lines={2} />
          ) : error === undefined ? (
            <Empty title="Your cart is empty">Add a product from the shop.</Empty>
          ) : (
            <ErrorMessage error={error} />
          )}
        </div>
      </Card>
    );
  const sellers = new Set(lines.map(({ product }) => product.sellerId)).size;
  const isAvailable = lines.every(({ product, quantity }) => quantity <= product.free);
  const price = totals.map((total) => formatMoney(total)).join(' and ');
  const unanswered = orderToResend(cart, now);
  return (
    <Card title="Cart" aside={sellers === 1 ? '1 seller' : `${sellers} sellers`}>
      <div id="cart" className={classes['cart']}>
        <ul>
          {lines.map((line) => (
            <Line key={line.product.id} line={line} onCount={(count) => setUnits(line.product.id, count)} />
          ))}
        </ul>
        {totals.map((sum) => (
          <p key={sum.currency} className={classes['total']}>
            <span>Total</span>
            <span>{formatMoney(sum)}</span>
          </p>
        ))}
        {totals.length > 1 && (
          <em>An order can have only one currency. Order the products of each currency separately.</em>
        )}
        <div>
          <p className={classes['label']} id="pay-label">
            Payment
          </p>
          <SegmentedControl
            aria-labelledby="pay-label"
            value={mode}
            onChange={(value) => setPayment({ mode: value === 'MANUAL' ? 'MANUAL' : 'AUTO' })}
            data={[
              { value: 'AUTO', label: 'Pay now' },
              { value: 'MANUAL', label: 'Pay later' },
            ]}
          />
        </div>
        {mode === 'AUTO' && (
          <div>
            <p className={classes['label']} id="card-label">
              Test card
            </p>
            <SegmentedControl
              aria-labelledby="card-label"
              value={token}
              onChange={(value) => setPayment({ token: value })}
              data={testCards.map(({ token: value, label }) => ({ value, label }))}
            />
          </div>
        )}
        <p className={classes['hint']}>
          {mode === 'AUTO'
            ? 'Your card is charged as soon as your items are reserved.'
            : 'Your items are reserved for a limited time. Pay on the order page, which shows the time left.'}
        </p>
        {error !== undefined && <ErrorMessage error={error} />}
        {placeOrder.error?.code === 'price_changed' ? (
          <em role="alert">
            The price has changed. Nothing was ordered. Check the new total, then order again.
          </em>
        ) : (
          placeOrder.isError && <ErrorMessage error={placeOrder.error} />
        )}
        {unanswered === undefined ? (
          <Button
            size="md"
            fullWidth
            disabled={totals.length !== 1 || !isAvailable || isPending || error !== undefined}
            onClick={() => {
              const body: OrderBody = {
                items: lines.map(({ product, quantity }) => ({ productId: product.id, quantity })),
                payment: { mode, method: 'card', ...(mode === 'AUTO' ? { token } : {}) },
                expectedTotal: totals[0],
              };
              send({ key: cart.key, body, at: Date.now() });
            }}
          >
            {mode === 'AUTO' ? `Order and pay ${price}` : `Order for ${price}, pay later`}
          </Button>
        ) : (
          <ResendButton order={unanswered} isPending={placeOrder.isPending} onResend={send} />
        )}
      </div>
    </Card>
  );
};
