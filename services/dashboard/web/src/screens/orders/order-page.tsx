// The page of one order, for its customer: progress, items, payment and history, updated live.
import { Button, Modal } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, getRouteApi } from '@tanstack/react-router';
import { useEffect } from 'react';
import { orderQuery, paymentQuery, historyQuery } from '../../api/queries.ts';
import type { Order, Payment } from '../../api/types.ts';
import { useIdempotentPost } from '../../api/use-idempotent-post.ts';
import { useUser } from '../../api/session.ts';
import { Card } from '../../parts/card.tsx';
import { CopyId } from '../../parts/copy-id.tsx';
import { DialogButtons } from '../../parts/dialog-buttons.tsx';
import { formatMoney, sellerName } from '../../parts/format.ts';
import { LiveMark } from '../../parts/live-mark.tsx';
import { linesByProduct } from '../../parts/order-lines.ts';
import { Columns, Page } from '../../parts/page.tsx';
import { ProductPicture } from '../../parts/product-picture.tsx';
import { OrderStatusBadge } from '../../parts/state-badge.tsx';
import { ErrorMessage, Loading } from '../../parts/states.tsx';
import { useNow } from '../../parts/when.tsx';
import { useCart } from '../shop/cart.ts';
import { History } from './history.tsx';
import classes from './order-page.module.css';
import { PaymentCard } from './payment-card.tsx';
import {
  isBeingCompensated,
  isDelayed,
  paymentStateOf,
  stepsOf,
  titleOf,
  whyCancelled,
  whyNotCancellable,
} from './order-texts.ts';
import { useOrderEvents } from './use-order-events.ts';

const orderRoute = getRouteApi('/orders/$orderId');

const Stepper = ({ order, paymentState }: { order: Order; paymentState: Payment['state'] }) => (
  <ol className={classes['steps']}>
    {stepsOf(order, paymentState).map(({ name, state, note }) => (
      <li key={name} data-state={state} {...(state === 'now' ? { 'aria-current': 'step' } : {})}>
        <b>{name}</b>
        <small>{note}</small>
      </li>
    ))}
  </ol>
);

const Delay = ({ order }: { order: Order }) => {
  const now = useNow(1_000);
  return (
    <p role="status" className={classes['delay']}>
      {isDelayed(order, now)
        ? 'This takes longer than usual. Your order is safe and continues by itself; you can leave this page.'
        : ''}
    </p>
  );
};

const fulfilmentTexts = {
  open: 'being prepared by the seller',
  confirmed: 'confirmed by the seller',
  shipped: 'shipped',
} as const;

const Items = ({ order }: { order: Order }) => (
  <Card title="Items">
    <ul className={classes['lines']}>
      {linesByProduct(order.items).map((item) => (
        <li key={item.productId}>
          <ProductPicture name={item.name} small />
          <span>
            <b>{item.name}</b> × {item.quantity}
            <small>
              {sellerName(item.sellerId)}
              {order.status === 'PAID' || order.status === 'FULFILLED'
                ? ` · ${fulfilmentTexts[item.fulfilment]}`
                : ''}
            </small>
          </span>
          <b>
            {formatMoney({
              amountMinor: item.unitPrice.amountMinor * item.quantity,
              currency: item.unitPrice.currency,
            })}
          </b>
        </li>
      ))}
    </ul>
    <p className={classes['total']}>
      <span>Total</span>
      <span>{formatMoney(order.total)}</span>
    </p>
  </Card>
);

/** Adds the items of the order to the cart. */
const OrderAgain = ({ order }: { order: Order }) => {
  const { addUnits } = useCart(useUser().id);
  const navigate = useNavigate();
  return (
    <Button
      size="xs"
      onClick={() => {
        addUnits(order.items);
        void navigate({ to: '/shop', hash: 'cart' });
      }}
    >
      Order again
    </Button>
  );
};

/** Describes the consequences of a cancellation for the customer. */
const consequenceOf = (order: Order, paymentState: Payment['state']): string => {
  switch (paymentState) {
    case 'SUCCEEDED':
      return `${formatMoney(order.total)} will be refunded to your card, and the items are no longer reserved for you.`;
    case 'UNKNOWN':
      return 'The items are no longer reserved for you. If your card was charged, you get a full refund.';
    default:
      return 'The items are no longer reserved for you. You will not be charged.';
  }
};

/** Cancels the order after a confirmation. If the order can no longer be cancelled, the open dialog says why. */
const CancelOrder = ({ order, paymentState }: { order: Order; paymentState: Payment['state'] }) => {
  const [opened, { open, close }] = useDisclosure(false);
  const client = useQueryClient();
  const cancel = useIdempotentPost<Order>(`/api/order/orders/${order.id}/cancel`, {
    onSuccess: (cancelled) => {
      client.setQueryData(orderQuery(order.id).queryKey, cancelled);
      close();
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['orders'] }),
  });
  const obstacle = whyNotCancellable(order);
  return (
    <>
      {obstacle === undefined && (
        <Button variant="default" c="bad" onClick={open}>
          Cancel order
        </Button>
      )}
      <Modal opened={opened} onClose={close} title="Cancel this order?">
        <div className={classes['dialog']}>
          <p role="status">{obstacle ?? consequenceOf(order, paymentState)}</p>
          {obstacle === undefined && cancel.isError && <ErrorMessage error={cancel.error} />}
          <DialogButtons>
            <Button variant="default" onClick={close}>
              {obstacle === undefined ? 'Keep the order' : 'Close'}
            </Button>
            {obstacle === undefined && (
              <Button color="bad" loading={cancel.isPending} onClick={() => cancel.mutate(undefined)}>
                Cancel the order
              </Button>
            )}
          </DialogButtons>
        </div>
      </Modal>
    </>
  );
};

export const OrderPage = () => {
  const { orderId } = orderRoute.useParams();
  const liveState = useOrderEvents(orderId);
  const client = useQueryClient();
  const refetchInterval = (): number | false => {
    const known = client.getQueryData(orderQuery(orderId).queryKey);
    const knownPayment = client.getQueryData(paymentQuery(orderId).queryKey);
    return known !== undefined && isBeingCompensated(known, knownPayment) ? 1_500 : false;
  };
  const order = useQuery({ ...orderQuery(orderId), refetchInterval });
  const history = useQuery(historyQuery(orderId));
  const payment = useQuery({ ...paymentQuery(orderId), refetchInterval });
  const version = order.data?.version;
  // Each new version of the order adds a history entry and often changes the payment.
  useEffect(() => {
    if (version === undefined) return;
    void client.invalidateQueries({ queryKey: historyQuery(orderId).queryKey });
    void client.invalidateQueries({ queryKey: paymentQuery(orderId).queryKey });
  }, [client, orderId, version]);
  const crumb = (
    <>
      <Link to="/orders">My orders</Link> / <CopyId id={orderId} />
    </>
  );
  if (order.data === undefined)
    return (
      <Page title="Order" crumb={crumb}>
        {order.isError ? (
          <ErrorMessage error={order.error} retry={() => void order.refetch()} />
        ) : (
          <Loading />
        )}
      </Page>
    );
  const paymentState = paymentStateOf(order.data, payment.data);
  const explanation = whyCancelled(order.data, paymentState);
  return (
    <Page
      title={titleOf(order.data)}
      crumb={crumb}
      beside={<OrderStatusBadge status={order.data.status} />}
      actions={
        <>
          <LiveMark state={liveState} />
          <CancelOrder order={order.data} paymentState={paymentState} />
        </>
      }
    >
      <Columns
        aside={
          <>
            <PaymentCard
              order={order.data}
              state={paymentState}
              failureCode={payment.data?.failureCode ?? null}
            />
            <Card title="History">
              <History history={history.data} />
            </Card>
          </>
        }
      >
        {explanation !== undefined && (
          <div className={classes['why']} role="status">
            <span>
              <b>{explanation.reason}</b> {explanation.consequence}
            </span>
            <OrderAgain order={order.data} />
          </div>
        )}
        <Card>
          <Stepper order={order.data} paymentState={paymentState} />
          <Delay order={order.data} />
        </Card>
        <Items order={order.data} />
      </Columns>
    </Page>
  );
};
