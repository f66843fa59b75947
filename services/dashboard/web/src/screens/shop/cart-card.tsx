// The cart and the checkout. Ordering is safe to repeat: the key of the cart makes it one order.
import { Button, NumberInput, SegmentedControl } from '@mantine/core';
import { useMutation, useQueries, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Trash2 } from 'lucide-react';
import { request, type Problem } from '../../api/request.ts';
import { orderQuery, productQuery } from '../../api/queries.ts';
import type { Order, Product } from '../../api/types.ts';
import { useUser } from '../../app/session.ts';
import { Card } from '../../parts/card.tsx';
import { formatMoney, sellerName } from '../../parts/format.ts';
import { Empty, Failed } from '../../parts/states.tsx';
import classes from './cart-card.module.css';
import { linesOf, totalsOf, useCart, type Cart, type CartLine } from './cart.ts';
import { testCards } from './test-cards.ts';

const Line = ({ line, onCount }: { line: CartLine; onCount: (count: number) => void }) => (
  <li>
    <span>
      <b>{line.product.name}</b>
      <small>{sellerName(line.product.sellerId)}</small>
    </span>
    <NumberInput
      aria-label={`Units of ${line.product.name}`}
      size="xs"
      w={64}
      min={1}
      max={10_000}
      clampBehavior="strict"
      allowDecimal={false}
      value={line.quantity}
      onChange={(value) => {
        if (typeof value === 'number') onCount(value);
      }}
    />
    <b className={classes['amount']}>{formatMoney(line.price)}</b>
    <button aria-label={`Remove ${line.product.name}`} onClick={() => onCount(0)}>
      <Trash2 size={15} aria-hidden="true" />
    </button>
    {line.product.free < line.quantity && <em>only {line.product.free} left</em>}
  </li>
);

/** The products that the cart names, as they are now. One that is gone is left out. */
const useCartProducts = (cart: Cart): readonly Product[] =>
  useQueries({
    queries: Object.keys(cart.units).map(productQuery),
    combine: (answers) => answers.flatMap(({ data }) => (data === undefined ? [] : [data])),
  });

export const CartCard = () => {
  const { cart, setUnits, setPayment, forget } = useCart(useUser().id);
  const client = useQueryClient();
  const navigate = useNavigate();
  const { mode, token } = cart;
  const lines = linesOf(cart, useCartProducts(cart));
  const totals = totalsOf(lines);
  const order = useMutation<Order, Problem>({
    mutationFn: () =>
      request<Order>('/api/order/orders', {
        method: 'POST',
        headers: { 'Idempotency-Key': cart.key },
        body: {
          items: lines.map(({ product, quantity }) => ({ productId: product.id, quantity })),
          payment: { mode, method: 'card', ...(mode === 'AUTO' ? { token } : {}) },
        },
      }),
    onSuccess: (placed) => {
      forget();
      client.setQueryData(orderQuery(placed.id).queryKey, placed);
      void navigate({ to: '/orders/$orderId', params: { orderId: placed.id } });
    },
  });
  if (lines.length === 0)
    return (
      <Card title="Cart">
        <div id="cart">
          <Empty title="Your cart is empty">Add something from the shop.</Empty>
        </div>
      </Card>
    );
  const sellers = new Set(lines.map(({ product }) => product.sellerId)).size;
  const price = totals.map((total) => formatMoney(total)).join(' and ');
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
        {totals.length > 1 && <em>An order has one currency: order the products of each by themselves.</em>}
        <div>
          <p className={classes['label']} id="pay-label">
            Pay
          </p>
          <SegmentedControl
            aria-labelledby="pay-label"
            value={mode}
            onChange={(value) => setPayment({ mode: value === 'MANUAL' ? 'MANUAL' : 'AUTO' })}
            data={[
              { value: 'AUTO', label: 'now, by card' },
              { value: 'MANUAL', label: 'later' },
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
            ? 'Charged only once your items are reserved. A lost answer or a double click never orders twice.'
            : 'Your items are held for 30 minutes; pay on the page of the order.'}
        </p>
        {order.isError && <Failed error={order.error} />}
        <Button
          size="md"
          fullWidth
          loading={order.isPending}
          disabled={totals.length !== 1}
          onClick={() => order.mutate()}
        >
          {mode === 'AUTO' ? `Order and pay ${price}` : `Order for ${price}`}
        </Button>
      </div>
    </Card>
  );
};
