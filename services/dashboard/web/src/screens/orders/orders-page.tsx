// The orders of the customer, newest first, with a filter by status.
import { SegmentedControl } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link, useNavigate, getRouteApi } from '@tanstack/react-router';
import { ordersQuery } from '../../api/queries.ts';
import type { Order, OrderStatus } from '../../api/types.ts';
import { Card } from '../../parts/card.tsx';
import { formatMoney } from '../../parts/format.ts';
import { Page } from '../../parts/page.tsx';
import { ShowMore } from '../../parts/show-more.tsx';
import { ProductPicture } from '../../parts/product-picture.tsx';
import { OrderStatusBadge } from '../../parts/state-badge.tsx';
import { Empty, ErrorMessage, Loading } from '../../parts/states.tsx';
import { When } from '../../parts/when.tsx';
import { isAwaitingPayment, titleOf } from './order-texts.ts';
import classes from './orders-page.module.css';

const ordersRoute = getRouteApi('/orders');

const filters: readonly { readonly value: OrderStatus | 'all'; readonly label: string }[] = [
  { value: 'all', label: 'All' },
  { value: 'PENDING', label: 'Pending' },
  { value: 'CONFIRMED', label: 'Awaiting payment' },
  { value: 'PAID', label: 'Paid' },
  { value: 'FULFILLED', label: 'Shipped' },
  { value: 'CANCELLED', label: 'Cancelled' },
];

const Row = ({ order }: { order: Order }) => (
  <li>
    <Link to="/orders/$orderId" params={{ orderId: order.id }} className={classes['row']}>
      <ProductPicture name={order.items[0]?.name ?? ''} small />
      <span>
        <b>{titleOf(order)}</b>
        <small>
          <When at={order.createdAt} />
          {isAwaitingPayment(order) && <b className={classes['toPay']}> · waiting for your payment</b>}
        </small>
      </span>
      <OrderStatusBadge status={order.status} />
      <b className={classes['total']}>{formatMoney(order.total)}</b>
    </Link>
  </li>
);

export const OrdersPage = () => {
  const { status } = ordersRoute.useSearch();
  const navigate = useNavigate({ from: '/orders' });
  const orders = useInfiniteQuery(ordersQuery(status));
  const all = orders.data?.pages.flatMap(({ data }) => data) ?? [];
  return (
    <Page
      title="My orders"
      actions={
        <SegmentedControl
          aria-label="Status"
          value={status ?? 'all'}
          onChange={(value) =>
            void navigate({ search: value === 'all' ? {} : { status: value }, replace: true })
          }
          data={[...filters]}
        />
      }
    >
      <Card flush>
        {orders.isPending && <Loading lines={6} />}
        {orders.isError && all.length === 0 && (
          <ErrorMessage error={orders.error} retry={() => void orders.refetch()} />
        )}
        {orders.isSuccess && all.length === 0 && (
          <Empty title={status === undefined ? 'No orders yet' : 'No orders found'}>
            {status === undefined ? (
              <Link to="/shop">Go to the shop</Link>
            ) : (
              'None of your orders has this status.'
            )}
          </Empty>
        )}
        <ul className={classes['list']}>
          {all.map((order) => (
            <Row key={order.id} order={order} />
          ))}
        </ul>
      </Card>
      <ShowMore query={orders}>Show older orders</ShowMore>
    </Page>
  );
};
